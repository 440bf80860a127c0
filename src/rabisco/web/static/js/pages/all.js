// Every page: the theme changes without a reload.

const root = document.documentElement;

document.querySelector("form.theme").addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.submitter;
  root.dataset.theme = button.value;
  document.cookie = `theme=${button.value}; path=/; max-age=31536000; samesite=lax`;
  button.value = button.value === "dark" ? "light" : "dark";
  document.dispatchEvent(new Event("themechange"));
});
// Moments are told in the reader's own time zone, which is named.
for (const moment of document.querySelectorAll("time[datetime*=T]")) {
  const day = { year: "numeric", month: "short", day: "numeric" };
  const style = { ...day, hour: "numeric", minute: "2-digit", timeZoneName: "short" };
  moment.textContent = new Intl.DateTimeFormat(root.lang, style).format(new Date(moment.dateTime));
}
document.addEventListener("change", ({ target }) => {
  const shown = target.type === "file" && target.parentElement.querySelector("output");
  if (shown) shown.value = [...target.files].map(({ name }) => name).join(", ");
});
if (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches) {
  document.querySelector("form.theme button").value = "light";
}
