// The assistant page.

import "../components/ask-assistant.js";
