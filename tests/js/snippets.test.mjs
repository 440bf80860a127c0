import assert from "node:assert/strict";
import { test } from "node:test";
import { SNIPPETS } from "../../src/rabisco/web/static/js/lib/snippets.js";

test("every language has the address and the whole picture", () => {
  for (const [language, snippet] of Object.entries(SNIPPETS)) {
    const code = snippet("http://127.0.0.1:3000/predict/mnist-cnn", "data:image/png;base64,AAAA");
    assert.match(code, /http:\/\/127\.0\.0\.1:3000\/predict\/mnist-cnn/, language);
    assert.match(code, /"data:image\/png;base64,AAAA"/, language);
  }
});
