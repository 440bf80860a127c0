// The buttons around the drawing pad.

import { EXAMPLES } from "../lib/examples.js";

export function connectToolbar(pad, root, examples = EXAMPLES) {
  const tool = (name) => root.querySelector(`[data-tool=${name}]`);
  const on = (name, action) => tool(name).addEventListener("click", action);
  let shown = 0;

  on("undo", () => pad.change((drawing) => drawing.undo()));
  on("redo", () => pad.change((drawing) => drawing.redo()));
  on("clear", () => pad.change((drawing) => drawing.clear()));
  on("erase", () => {
    pad.pen.erases = !pad.pen.erases;
    update();
  });
  tool("play")?.addEventListener("click", () => {
    if (pad.drawing.isEmpty) pad.change((drawing) => drawing.add(examples[shown++ % examples.length]));
    pad.replay();
  });
  root.querySelector(".pens").addEventListener("change", ({ target }) => (pad.pen.width = Number(target.value)));

  function update() {
    const { canUndo, canRedo, isEmpty } = pad.drawing;
    tool("undo").disabled = !canUndo;
    tool("redo").disabled = !canRedo;
    tool("clear").disabled = isEmpty;
    tool("erase").setAttribute("aria-pressed", pad.pen.erases);
    const play = tool("play");
    if (play) play.ariaLabel = play.title = isEmpty ? play.dataset.show : play.dataset.replay;
  }
  pad.addEventListener("drawing", update);
  update();
}
