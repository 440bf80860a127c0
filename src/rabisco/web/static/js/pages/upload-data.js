// The page of an upload while it is looked through.

import "../components/looking-through.js";
