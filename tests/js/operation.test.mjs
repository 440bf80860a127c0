import assert from "node:assert/strict";
import { test } from "node:test";

import { answersOf, curlOf, fieldsOf, mediaTypesOf, quoted, requestOf, shown } from "../../src/rabisco/web/static/js/lib/operation.js";

const BINARY = { type: "string", format: "binary" };
const DOCUMENT = {
  components: { schemas: { Words: { type: "array", items: { type: "string" } } } },
  paths: {
    "/predict/{model}": {
      post: {
        parameters: [
          { name: "model", in: "path", required: true, schema: { type: "string" }, example: "cnn" },
          { name: "characters", in: "query", required: false, schema: { type: "string", enum: ["one", "many"] } },
        ],
        requestBody: {
          content: {
            "multipart/form-data": { schema: { properties: { file: { type: "array", items: BINARY }, note: { type: "string" } } } },
            "application/json": {
              schema: {
                required: ["epochs"],
                properties: {
                  epochs: { type: "integer" },
                  images: { $ref: "#/components/schemas/Words" },
                  consent: { type: "boolean" },
                },
              },
            },
            "image/*": { schema: BINARY },
          },
        },
        responses: { 202: { content: { "application/json": {}, "text/html": {} } }, 404: { $ref: "#/nowhere" } },
      },
    },
    "/health": { get: { responses: { 200: { content: { "application/json": {} } } } } },
  },
};
const PREDICT = [DOCUMENT, "POST", "/predict/{model}"];

function filled(fields, values) {
  return fields.map((field) => ({ ...field, value: values[field.name] ?? field.value }));
}

test("an operation's parameters and the properties of its body become fields", () => {
  const fields = fieldsOf(...PREDICT);
  assert.deepEqual(
    fields.map(({ name, place, kind, required, value }) => [name, place, kind, required, value]),
    [
      ["model", "path", "text", true, "cnn"],
      ["characters", "query", "choice", false, ""],
      ["file", "body", "files", false, ""],
      ["note", "body", "text", false, ""],
    ],
  );
  assert.deepEqual(fields[1].options, ["one", "many"]);
});

test("another way to send the body has other fields", () => {
  assert.deepEqual(mediaTypesOf(...PREDICT), ["multipart/form-data", "application/json", "image/*"]);
  const body = (type) => fieldsOf(...PREDICT, type).filter(({ place }) => place === "body");
  assert.deepEqual(
    body("application/json").map(({ name, kind, required }) => [name, kind, required]),
    [
      ["epochs", "number", true],
      ["images", "lines", false],
      ["consent", "yes-or-no", false],
    ],
  );
  assert.deepEqual(body("image/*").map(({ kind }) => kind), ["file"]);
});

test("an operation without body has no way to send one", () => {
  assert.deepEqual(mediaTypesOf(DOCUMENT, "GET", "/health"), []);
  assert.deepEqual(fieldsOf(DOCUMENT, "GET", "/health"), []);
  assert.equal(curlOf("http://h", requestOf("GET", "/health", [], undefined, "application/json")), "curl http://h/health");
});

test("the answer when all is well says in which forms it comes", () => {
  assert.deepEqual(answersOf(...PREDICT), ["application/json", "text/html"]);
});

test("files and texts are sent by curl as by the form", () => {
  const values = { model: "a b", characters: "many", file: [{ name: "my seven.png" }, { name: "3.png" }], note: "it's" };
  const request = requestOf("POST", "/predict/{model}", filled(fieldsOf(...PREDICT), values), "multipart/form-data", "text/html");
  assert.equal(
    curlOf("http://h", request),
    `curl -H 'Accept: text/html' -F 'file=@my seven.png' -F file=@3.png -F 'note=it'\\''s' 'http://h/predict/a%20b?characters=many'`,
  );
});

test("JSON has numbers, lists and true where the document says so; the token is named, not written", () => {
  const fields = filled(fieldsOf(...PREDICT, "application/json"), { epochs: "3", images: "aa\nbb\n", consent: "true" });
  const request = requestOf("POST", "/predict/{model}", fields, "application/json", "application/json");
  assert.equal(
    curlOf("http://h", request, true),
    `curl -H "Authorization: Bearer $RABISCO_ACCESS_TOKEN" --json '{"epochs":3,"images":["aa","bb"],"consent":true}' http://h/predict/cnn`,
  );
});

test("a raw picture is sent as the kind that it is", () => {
  const fields = filled(fieldsOf(...PREDICT, "image/*"), { "": [{ name: "7.png", type: "image/png" }] });
  const request = requestOf("POST", "/predict/{model}", fields, "image/*", "application/json");
  assert.equal(curlOf("http://h", request), "curl -H 'Content-Type: image/png' --data-binary @7.png http://h/predict/cnn");
});

test("what is neither GET nor a POST with a body names its method", () => {
  assert.equal(curlOf("", requestOf("POST", "/a", [], undefined, "")), "curl -X POST /a");
  assert.equal(curlOf("", requestOf("DELETE", "/a", [], undefined, "")), "curl -X DELETE /a");
});

test("nothing that the shell would read is left unquoted", () => {
  assert.equal(quoted("plain@file.png"), "plain@file.png");
  assert.equal(quoted("$(rm -rf)"), "'$(rm -rf)'");
  assert.equal(quoted(""), "''");
});

test("an answer is shown indented, its long texts cut and its pictures found", () => {
  const { text, pictures } = shown({ a: [1], saw: `data:image/png;base64,${"A".repeat(500)}` });
  assert.match(text, /"a": \[\n {4}1\n {2}\]/);
  assert.match(text, /… \(522\)/);
  assert.equal(pictures.length, 1);
});

test("a list in the address is a parameter for each line", () => {
  const fields = [{ name: "model", place: "query", kind: "lines", value: "mnist-cnn\nmnist-linear" }];
  assert.equal(requestOf("get", "/compare", fields).address, "/compare?model=mnist-cnn&model=mnist-linear");
});
