import "../components/api-console.js";
