// The page of one model: its confusion matrix can be explored.

import "../components/confusion-matrix.js";
