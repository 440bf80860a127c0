// What this window, or this browser, keeps under a name. Where storing is forbidden or full, nothing is kept.

const kept = (store) => ({
  get: (name) => attempt(() => JSON.parse(store().getItem(`rabisco-${name}`))),
  set: (name, value) => attempt(() => store().setItem(`rabisco-${name}`, JSON.stringify(value))),
});

function attempt(action) {
  try {
    return action() ?? null;
  } catch {
    return null;
  }
}

export const tab = kept(() => sessionStorage);
export const browser = kept(() => localStorage);
