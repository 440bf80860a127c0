// The request of the page as code for others: the same picture to the same model; `key` names what is printed of the
// answer. No DOM.

const curl = (url, image) => `curl '${url}' \\
  -H 'Content-Type: application/json' \\
  -d '{"image": "${image}"}'`;

const python = (url, image, key) => `import json
from urllib.request import Request, urlopen

image = "${image}"
request = Request("${url}", json.dumps({"image": image}).encode(), {"Content-Type": "application/json"})
print(json.load(urlopen(request))["predictions"][0]["${key}"])`;

const javascript = (url, image, key) => `const image = "${image}";
const response = await fetch("${url}", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ image }),
});
console.log((await response.json()).predictions[0].${key});`;

export const SNIPPETS = { curl, python, javascript };
