// <run-progress data-events="…" data-live data-state="…">: a run, kept up to date by its events.
// Server-sent events, replayed from the first; where they do not get through, the same is asked for again and again.

import { after, curves, duration, empty, share, timeLeft } from "../lib/learning.js";
import { draw } from "./learning-curve.js";

const POLL_MS = 2000;
const ENDED = ["succeeded", "unlearned", "stopped", "outdone", "cancelled", "failed", "interrupted"];

class RunProgress extends HTMLElement {
  #view = empty();
  #due = false;

  connectedCallback() {
    this.messages = JSON.parse(document.body.dataset.messages);
    this.language = document.documentElement.lang;
    this.expected = JSON.parse(this.dataset.expected ?? "{}");
    this.#offerNotification();
    if (this.dataset.live === undefined) return this.#poll();
    this.source = new EventSource(this.dataset.events);
    this.source.addEventListener("message", ({ data }) => this.#take([JSON.parse(data)]));
    this.source.addEventListener("end", () => this.#end());
    this.source.addEventListener("error", () => {
      if (this.source.readyState === EventSource.CLOSED) this.#poll();
    });
  }

  disconnectedCallback() {
    this.source?.close();
  }

  async #poll() {
    try {
      const response = await fetch(`${this.dataset.events}?after=${this.#view.last}`, { headers: { Accept: "application/json" } });
      const answer = await response.json();
      if (response.ok) this.#take(answer.events);
      if (response.ok && answer.ended && answer.events.length === 0) return this.#end();
      if (response.ok && answer.events.length > 0) return this.#poll();
    } catch {
      // the server may be away for a moment
    }
    setTimeout(() => this.isConnected && this.#poll(), POLL_MS);
  }

  #take(events) {
    this.#view = events.reduce(after, this.#view);
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => this.#show());
  }

  // What it came to is said by the page, which is therefore asked for again; once, for its state is not live then.
  #end() {
    this.source?.close();
    if (this.dataset.live === undefined || !ENDED.includes(this.#view.state)) return;
    this.#notify();
    location.reload();
  }

  #show() {
    this.#due = false;
    const { progress, phase, state, epochs } = this.#view;
    if (this.dataset.live !== undefined && state) {
      this.#fact("state", this.messages[`run_${state}`]);
      for (const part of this.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== state;
    }
    if (phase.phase) this.#fact("phase", this.#words(phase));
    if (phase.device) this.#fact("device", phase.device);
    if (progress) this.#showProgress(progress);
    const bar = this.querySelector("progress");
    if (bar && phase.share !== undefined) bar.value = phase.share;
    if (this.dataset.live !== undefined) this.#showTimeLeft(phase.phase, progress, bar);
    const longest = progress?.epochs ?? epochs.at(-1)?.epoch ?? 1;
    for (const place of this.querySelectorAll("[data-curve]")) {
      draw(place, place.dataset.curve, curves(this.#view, place.dataset.curve), longest, this);
    }
    if (epochs.length + this.#view.train.length > 0) {
      this.querySelector(".curves-hint").hidden = true;
      for (const part of this.querySelectorAll(".curves, .legend")) part.hidden = false;
    }
    this.querySelector(".epochs")?.replaceChildren(...epochs.map((row) => this.#row(row)));
    this.dataset.last = this.#view.last;
  }

  #showProgress(progress) {
    const bar = this.querySelector("progress");
    if (bar) bar.value = share(progress);
    this.#fact("epoch", `${this.number(progress.epoch)} / ${this.number(progress.epochs)}`);
    this.#fact("step", `${this.number(progress.step)} / ${this.number(progress.steps)}`);
    this.#fact("learning_rate", this.number(progress.learning_rate, { minimumFractionDigits: 5, maximumFractionDigits: 5 }));
    if (progress.eta_seconds === null) return; // as long as there is nothing to estimate from
    this.#fact("examples_per_second", this.number(Math.round(progress.examples_per_second)));
  }

  // What is left of this phase, as far as it can be told, and what those after it took the last time.
  #showTimeLeft(phase, progress, bar) {
    if (phase !== this.phase) Object.assign(this, { phase, begun: Date.now() });
    const share = bar?.hasAttribute("value") ? `${this.number(bar.value, { style: "percent" })} · ` : "";
    document.title = `${share}${this.dataset.name} · Rabisco`;
    const seconds = timeLeft(this.expected, phase, (Date.now() - this.begun) / 1000, progress?.eta_seconds);
    if (seconds === null) return;
    const [count, unit] = duration(seconds);
    this.#fact("eta", this.number(count, { style: "unit", unit, unitDisplay: "long" }));
  }

  #offerNotification() {
    const button = this.querySelector("[data-action=notify]");
    if (!button || !("Notification" in window) || Notification.permission === "denied") return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      if ((await Notification.requestPermission()) !== "granted") return;
      button.disabled = this.notifies = true;
      button.textContent = this.messages.will_notify;
    });
  }

  #notify() {
    if (!this.notifies) return;
    new Notification(this.dataset.name, { body: this.messages[`run_${this.#view.state}`] });
  }

  #words({ phase, share: done }) {
    const words = this.messages[`phase_${phase}`] ?? phase;
    return done === undefined ? words : `${words} · ${this.number(done, { style: "percent" })}`;
  }

  #fact(name, text) {
    const place = this.querySelector(`[data-fact="${name}"]`);
    if (place && place.textContent !== text) place.textContent = text;
  }

  #row(row) {
    const line = document.createElement("tr");
    const four = { minimumFractionDigits: 4, maximumFractionDigits: 4 };
    const texts = [
      this.number(row.epoch),
      this.number(row.loss, four),
      this.percent(row.accuracy),
      this.number(row.validation_loss, four),
      this.percent(row.validation_accuracy),
    ];
    line.append(...texts.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
    return line;
  }

  number(value, options) {
    return new Intl.NumberFormat(this.language, options).format(value);
  }

  percent(value, digits = 2) {
    return this.number(value, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });
  }
}

customElements.define("run-progress", RunProgress);
