// What the OpenAPI document says of one operation, as fields to fill in; what was filled in, as a request. No DOM.

const REFERENCE = /^#\//;

// Fields of a form: {name, place: path|query|body, value, required, options,
// kind: file|files|choice|yes-or-no|number|lines|json|text}
export function fieldsOf(document, method, path, mediaType = mediaTypesOf(document, method, path)[0]) {
  const operation = operationOf(document, method, path);
  const addressed = (operation.parameters ?? []).map(({ name, in: place, required, schema, example }) => ({
    name,
    place,
    required,
    value: (required && example) || "",
    ...kindOf(document, schema),
  }));
  const schema = mediaType && resolved(document, operation.requestBody.content[mediaType].schema);
  if (!schema) return addressed;
  if (schema.format === "binary") return [...addressed, { name: "", place: "body", kind: "file", required: true, value: "" }];
  const inBody = Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    place: "body",
    required: schema.required?.includes(name) ?? false,
    value: property.example ?? "",
    ...kindOf(document, property),
  }));
  return [...addressed, ...inBody];
}

// How the body may be sent; none where there is no body.
export function mediaTypesOf(document, method, path) {
  return Object.keys(operationOf(document, method, path).requestBody?.content ?? {});
}

// What it answers with when all is well; what a program reads stands first.
export function answersOf(document, method, path) {
  const answers = Object.entries(operationOf(document, method, path).responses).find(([status]) => status < 400)[1];
  return Object.keys(answers.content ?? {});
}

// The values of the fields, by place and name, as a request. Those left empty are left out.
export function requestOf(method, path, fields, mediaType, accept) {
  const given = fields.filter(({ value }) => value !== "" && value?.length !== 0);
  const at = (place) => given.filter((field) => field.place === place);
  const values = ({ kind, value }) => (kind === "lines" ? linesOf(value) : [value]);
  const query = at("query").flatMap((field) => values(field).map((one) => `${field.name}=${encodeURIComponent(one)}`));
  const filled = path.replace(/\{(\w+)\}/g, (hole, name) => {
    const field = at("path").find((one) => one.name === name);
    return field ? encodeURIComponent(field.value) : hole;
  });
  return {
    method: method.toUpperCase(),
    address: query.length ? `${filled}?${query.join("&")}` : filled,
    accept,
    mediaType,
    body: mediaType ? at("body") : [],
  };
}

// The JSON of a body; throws a SyntaxError where a field that is to hold JSON does not.
export function jsonOf(body) {
  return Object.fromEntries(body.map(({ name, kind, value }) => [name, jsonValue(kind, value)]));
}

function jsonValue(kind, value) {
  if (kind === "lines") return linesOf(value);
  if (kind === "json" || kind === "yes-or-no") return JSON.parse(value);
  return kind === "number" ? Number(value) : value;
}

export const linesOf = (text) => text.split("\n").filter(Boolean);

// The request as a line of curl; `token` says whether it is sent with the access token, which is never written down.
export function curlOf(origin, request, token = false) {
  const { method, address, accept, mediaType, body } = request;
  const words = ["curl"];
  if (method !== (body.length ? "POST" : "GET")) words.push("-X", method);
  if (accept && accept !== "application/json") words.push("-H", quoted(`Accept: ${accept}`));
  if (token) words.push("-H", '"Authorization: Bearer $RABISCO_ACCESS_TOKEN"');
  return [...words, ...bodyWords(mediaType, body), quoted(origin + address)].join(" ");
}

function bodyWords(mediaType, body) {
  if (!body.length) return [];
  if (mediaType === "application/json") return ["--json", quoted(JSON.stringify(jsonOf(body)))];
  const texts = body.flatMap(({ name, kind, value }) => {
    if (kind === "file" || kind === "files") return [...value].map((file) => `${name}=@${file.name}`);
    return (kind === "lines" ? linesOf(value) : [value]).map((text) => `${name}=${text}`);
  });
  if (mediaType === "multipart/form-data") return texts.flatMap((text) => ["-F", quoted(text)]);
  if (mediaType === "application/x-www-form-urlencoded") return texts.flatMap((text) => ["--data-urlencode", quoted(text)]);
  const [file] = body[0].value;
  return ["-H", quoted(`Content-Type: ${file.type || "application/octet-stream"}`), "--data-binary", quoted(`@${file.name}`)];
}

// A word for the shell: as it is where nothing in it means anything to the shell.
export const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

// JSON to be looked at: indented, with long texts cut; and the pictures that it holds, as data URLs.
export function shown(answer) {
  const pictures = [];
  const cut = (_, value) => {
    if (typeof value !== "string") return value;
    if (value.startsWith("data:image/")) pictures.push(value);
    return value.length > 400 ? `${value.slice(0, 60)}… (${value.length})` : value;
  };
  return { text: JSON.stringify(answer, cut, 2), pictures };
}

function operationOf(document, method, path) {
  return document.paths[path][method.toLowerCase()];
}

function kindOf(document, schema) {
  const { type, format, enum: options, items } = resolved(document, schema);
  if (options) return { kind: "choice", options };
  if (format === "binary") return { kind: "file" };
  if (type === "array" && resolved(document, items).format === "binary") return { kind: "files" };
  if (type === "array" && resolved(document, items).type === "string") return { kind: "lines" };
  if (type === "boolean") return { kind: "yes-or-no", options: ["true", "false"] };
  if (type === "array" || type === "object") return { kind: "json" };
  return { kind: type === "integer" || type === "number" ? "number" : "text" };
}

function resolved(document, schema) {
  if (!schema?.$ref) return schema;
  return schema.$ref.replace(REFERENCE, "").split("/").reduce((node, key) => node[key], document);
}
