// The latest rollout of an endpoint, from its journal: on its own page, and in a line of the overview.

import { element, make, whenChanged } from "./dom.js";

export function show(view) {
  const there = view.number > 0;
  element("rollout").hidden = !there;
  if (there) whenChanged("rollout", view, () => draw(view));
}

function draw(view) {
  element("rollout-title").textContent = `Rollout ${view.number}`;
  element("rollout-words").textContent = view.words;
  element("rollout-words").className = `pill ${view.level}`;
  const way = view.stable ? `${view.stable} to ${view.candidate}` : `${view.candidate}, the first deployment`;
  element("rollout-way").textContent = view.step ? `${way}, step ${view.step} of ${view.steps}` : way;
  element("rollout-sentence").textContent = view.sentence;
  element("rollout-at").textContent = `Last written ${new Date(view.at * 1000).toLocaleTimeString()}`;
  element("rollout-gates").replaceChildren(...view.gates.flatMap((gate) => [make("dt", {}, gate.name), make("dd", {}, gate.found)]));
}

// One line of a tile in the overview.
export function line(view) {
  if (!view) return null;
  const step = view.step ? `, step ${view.step} of ${view.steps}` : "";
  return make("p", { class: "hint" }, `Rollout ${view.number}: ${view.words}${step}`);
}
