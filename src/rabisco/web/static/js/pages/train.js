// The page on which data are chosen: an upload shows how far it is, and can be broken off.

import "../components/file-sender.js";
