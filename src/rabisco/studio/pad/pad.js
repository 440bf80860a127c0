// The drawing area of the studio: strokes are kept as data and drawn anew, so that the last one can be taken back. After each
// stroke the picture goes to Streamlit as a data URL, by the messages that a component in a frame exchanges with its page.

const WIDTH = 18;
const canvas = document.querySelector("canvas");
const context = canvas.getContext("2d");
const strokes = [];

function tell(type, values) {
  window.parent.postMessage({ isStreamlitMessage: true, type: `streamlit:${type}`, ...values }, "*");
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  const scale = canvas.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
}

function redraw() {
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  Object.assign(context, { lineWidth: WIDTH, lineCap: "round", lineJoin: "round", strokeStyle: "#000" });
  for (const points of strokes) {
    context.beginPath();
    context.moveTo(...points[0]);
    points.forEach((point) => context.lineTo(...point));
    context.stroke();
  }
}

function send() {
  tell("setComponentValue", { dataType: "json", value: strokes.length ? canvas.toDataURL("image/png") : null });
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  strokes.push([place(event)]);
  redraw();
});
canvas.addEventListener("pointermove", (event) => {
  if (canvas.hasPointerCapture(event.pointerId)) {
    strokes.at(-1).push(place(event));
    redraw();
  }
});
canvas.addEventListener("pointerup", send);
canvas.addEventListener("pointercancel", send);

document.querySelector("[data-do=undo]").addEventListener("click", () => {
  strokes.pop();
  redraw();
  send();
});
document.querySelector("[data-do=clear]").addEventListener("click", () => {
  strokes.length = 0;
  redraw();
  send();
});

window.addEventListener("message", ({ data }) => {
  if (data.type === "streamlit:render") {
    const { undo, clear, label } = data.args;
    document.querySelector("[data-do=undo]").textContent = undo;
    document.querySelector("[data-do=clear]").textContent = clear;
    canvas.setAttribute("aria-label", label);
  }
});

redraw();
tell("componentReady", { apiVersion: 1 });
tell("setFrameHeight", { height: 330 });
