// When to ask: after a pause, and never waiting for an answer that is no longer wanted.

// Returns a function that runs `task` after so many milliseconds without another call; after 0 at once, for a timer waits
// until the browser has painted.
export function debounce(task) {
  let timer;
  return (milliseconds) => {
    clearTimeout(timer);
    if (milliseconds === 0) task();
    else timer = setTimeout(task, milliseconds);
  };
}

// Returns a function that runs `task(signal, ...values)` and aborts its run before.
export function latest(task) {
  let controller;
  return (...values) => {
    controller?.abort();
    controller = new AbortController();
    return task(controller.signal, ...values);
  };
}

// Resolves when the browser has painted what was changed, for then the next frame begins; soon where it does not paint, as
// in a hidden window. A timer set in the first frame would go off before the frame is on the screen.
export function painted() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(resolve));
    setTimeout(resolve, 100);
  });
}
