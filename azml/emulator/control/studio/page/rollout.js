// The latest rollout of an endpoint, from its journal: on its own page, and in a line of the overview.

import { element, make, whenChanged } from "./dom.js";

export function show(told) {
  const there = told.number > 0;
  element("rollout").hidden = !there;
  element("owned-by-rollout").hidden = !there;
  element("owned-by-stack").hidden = there;
  if (there) whenChanged("rollout", told, () => draw(told));
}

function draw(told) {
  element("rollout-title").textContent = `Rollout ${told.number}`;
  element("rollout-words").textContent = told.words;
  element("rollout-words").className = `pill ${told.level}`;
  const way = told.stable ? `${told.stable} to ${told.candidate}` : `${told.candidate}, the first deployment`;
  element("rollout-way").textContent = told.step ? `${way}, step ${told.step} of ${told.steps}` : way;
  element("rollout-sentence").textContent = told.sentence;
  element("rollout-at").textContent = `Last written ${new Date(told.at * 1000).toLocaleTimeString()}`;
  element("rollout-gates").replaceChildren(...told.gates.flatMap((gate) => [make("dt", {}, `${gate.name}, last look`), make("dd", {}, gate.found)]));
}

// One line of a tile in the overview.
export function line(told) {
  if (!told) return null;
  const step = told.step ? `, step ${told.step} of ${told.steps}` : "";
  return make("p", { class: "hint" }, `Rollout ${told.number}: ${told.words}${step}`);
}
