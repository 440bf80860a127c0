// The page of one model: its confusion matrix and its learning curve can be explored.

import "../components/confusion-matrix.js";
import "../components/copy-blocks.js";
import { readDrawn } from "../components/curve-reader.js";
import "../components/report-files.js";
import { openImages } from "../components/image-sheet.js";

readDrawn();
openImages();
