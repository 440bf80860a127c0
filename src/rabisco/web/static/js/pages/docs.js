import "../components/api-console.js";
import "../components/copy-blocks.js";
