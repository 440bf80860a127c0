// <api-console data-method data-path><details><summary>…</summary><form>…</form></details></api-console>
// A form made of the OpenAPI document: it sends the request and shows the answer, the time and the same as curl.

import { copy } from "../lib/copy.js";
import { element } from "../lib/element.js";
import { answersOf, curlOf, fieldsOf, jsonOf, linesOf, mediaTypesOf, requestOf, shown } from "../lib/operation.js";
import { drawnSeven } from "../lib/seven.js";
import { fill, milliseconds } from "../lib/text.js";

const LONGEST = 20_000; // characters of an answer that are shown
let described; // the document, asked for once
let seven; // drawn once

class ApiConsole extends HTMLElement {
  connectedCallback() {
    this.messages = JSON.parse(document.body.dataset.messages);
    this.details = this.querySelector("details");
    this.form = this.querySelector("form");
    this.details.addEventListener("toggle", () => this.details.open && this.#open(), { once: true });
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.form.addEventListener("input", () => this.#showCurl());
    this.querySelector(".copy").addEventListener("click", () => this.#copy());
    this.querySelector(".stop").addEventListener("click", () => this.sending.abort());
  }

  async #open() {
    described ??= fetch("/openapi.json").then((answer) => answer.json());
    const { method, path } = this.dataset;
    this.operation = [await described, method, path];
    const types = mediaTypesOf(...this.operation);
    this.#choice("type", types);
    this.#choice("accept", answersOf(...this.operation));
    this.form.elements.type.addEventListener("change", () => this.#build());
    this.#build();
  }

  #choice(name, options) {
    const select = this.form.elements[name];
    select.replaceChildren(...options.map((option) => new Option(option)));
    select.closest(".field").hidden = options.length < 2;
  }

  #build() {
    this.fields = fieldsOf(...this.operation, this.form.elements.type.value || undefined);
    this.querySelector(".api-fields").replaceChildren(...this.fields.map((field, index) => this.#field(field, index)));
    this.#showCurl();
  }

  #field(field, index) {
    const id = `${this.id}-${index}`;
    const mark = field.required ? ` (${this.messages.required})` : "";
    const label = element("label", { htmlFor: id }, [element("code", {}, [titleOf(field) || this.messages.file]), mark]);
    const hint = field.kind === "json" ? "JSON" : field.kind === "lines" ? this.messages.lines : "";
    return element("div", { className: "field" }, [label, control(field, id), ...(hint ? [element("p", { className: "hint" }, [hint])] : [])]);
  }

  async #request() {
    const filled = this.fields.map((field, index) => ({ ...field, value: valueOf(this.#control(index)) }));
    const { type, accept } = this.form.elements;
    const picture = filled.find(({ kind, place, name }) => isPicture(kind, place, name));
    const nothing = filled.every(({ place, value }) => place !== "body" || value.length === 0);
    if (picture && nothing) picture.value = [await (seven ??= drawnSeven())];
    return requestOf(this.dataset.method, this.dataset.path, filled, type.value, accept.value);
  }

  #control(index) {
    return this.form.querySelector(`#${this.id}-${index}`);
  }

  async #showCurl() {
    try {
      const line = curlOf(location.origin, await this.#request(), Boolean(this.form.elements.token?.value));
      this.querySelector(".curl code").textContent = line;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // JSON that is not written to its end yet
    }
  }

  async #copy() {
    const done = await copy(this.querySelector(".curl code"));
    this.querySelector(".copied").textContent = done ? this.messages.copied : this.messages.selected;
  }

  async #submit(event) {
    event.preventDefault();
    this.sending = new AbortController();
    const stop = this.querySelector(".stop");
    stop.hidden = false;
    try {
      await this.#send();
    } catch (error) {
      const reason = error instanceof SyntaxError ? error.message : this.messages.offline;
      if (error.name !== "AbortError") this.#say(fill(this.messages.failed, { reason }), true);
    }
    stop.hidden = true;
  }

  async #send() {
    const request = await this.#request();
    const headers = { Accept: request.accept };
    const token = this.form.elements.token?.value;
    if (token) headers.Authorization = `Bearer ${token}`;
    if (this.dataset.proof) headers["X-CSRFToken"] = this.dataset.proof;
    const body = bodyOf(request, headers);
    const began = performance.now();
    const answer = await fetch(request.address, { method: request.method, headers, body, signal: this.sending.signal });
    const time = fill(this.messages.latency, { milliseconds: milliseconds(performance.now() - began, document.documentElement.lang) });
    this.#say([answer.status, answer.statusText, "·", time].join(" "), !answer.ok);
    this.querySelector(".headers code").textContent = [...answer.headers].map((header) => header.join(": ")).join("\n");
    this.querySelector(".answer").hidden = false;
    await this.#show(answer);
  }

  #say(words, wrong) {
    const status = this.querySelector(".status");
    status.textContent = words;
    status.classList.toggle("wrong", wrong);
  }

  async #show(answer) {
    const text = this.querySelector(".body");
    const pictures = this.querySelector(".pictures");
    const type = answer.headers.get("content-type") ?? "";
    pictures.replaceChildren();
    text.hidden = false;
    if (type.includes("json")) {
      const { text: pretty, pictures: found } = shown(await answer.json());
      text.firstChild.textContent = pretty.slice(0, LONGEST);
      pictures.replaceChildren(...found.map((src) => element("img", { src, alt: "" })));
    } else if (type.startsWith("text/")) {
      await follow(answer, (words) => (text.firstChild.textContent = words.slice(0, LONGEST)));
    } else {
      text.hidden = true;
      const href = URL.createObjectURL(await answer.blob());
      const name = this.dataset.path.split("/").at(-1);
      const link = element("a", { href, download: name, className: "button quiet" }, [fill(this.messages.save, { name })]);
      pictures.replaceChildren(type.startsWith("image/") ? element("img", { src: href, alt: "" }) : link);
    }
  }
}

function control({ kind, options, required, value }, id) {
  if (options) return element("select", { id }, ["", ...options].map((option) => new Option(option)));
  if (kind === "json" || kind === "lines") return element("textarea", { id, rows: 3, required, value: textOf(value), spellcheck: false });
  const type = kind === "file" || kind === "files" ? "file" : "text";
  const input = element("input", { id, type, autocomplete: "off" });
  if (type === "file") return Object.assign(input, { multiple: kind === "files" });
  return Object.assign(input, { value, required, inputMode: kind === "number" ? "decimal" : "text" });
}

const titleOf = ({ name, place }) => (place === "query" ? `?${name}` : name); // one in the address from one in the body
const textOf = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const valueOf = (control) => (control.type === "file" ? [...control.files] : control.value);
const isPicture = (kind, place, name) => place === "body" && ((kind === "files" && name === "file") || (kind === "file" && name === ""));

function bodyOf({ mediaType, body }, headers) {
  if (!body.length) return undefined;
  if (mediaType === "application/json") {
    headers["Content-Type"] = mediaType;
    return JSON.stringify(jsonOf(body));
  }
  const form = mediaType === "multipart/form-data" ? new FormData() : new URLSearchParams();
  for (const { name, kind, value } of body) {
    if (name === "") return value[0]; // raw
    const values = Array.isArray(value) ? value : kind === "lines" ? linesOf(value) : [value];
    for (const one of values) form.append(name, one);
  }
  return form;
}

// Show a text as it comes: some answers go on for as long as a training does.
async function follow(answer, show) {
  let text = "";
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) show((text += part.value));
}

customElements.define("api-console", ApiConsole);
