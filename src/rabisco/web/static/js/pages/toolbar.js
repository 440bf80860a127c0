// The buttons under the drawing pad.

import { EXAMPLES } from "../lib/examples.js";

export function connectToolbar(pad, toolbar) {
  const tool = (name) => toolbar.querySelector(`[data-tool=${name}]`);
  const on = (name, action) => tool(name).addEventListener("click", action);
  let shown = 0;

  on("undo", () => pad.change((drawing) => drawing.undo()));
  on("redo", () => pad.change((drawing) => drawing.redo()));
  on("clear", () => pad.change((drawing) => drawing.clear()));
  on("replay", () => pad.replay());
  on("erase", () => {
    pad.pen.erases = !pad.pen.erases;
    update();
  });
  on("example", () => {
    pad.change((drawing) => {
      drawing.clear();
      drawing.add(EXAMPLES[shown++ % EXAMPLES.length]);
    });
    pad.replay();
  });
  toolbar.addEventListener("change", ({ target }) => (pad.pen.width = Number(target.value)));

  function update() {
    tool("undo").disabled = !pad.drawing.canUndo;
    tool("redo").disabled = !pad.drawing.canRedo;
    tool("clear").disabled = tool("replay").disabled = pad.drawing.isEmpty;
    tool("erase").setAttribute("aria-pressed", pad.pen.erases);
  }
  pad.addEventListener("drawing", update);
  update();
}
