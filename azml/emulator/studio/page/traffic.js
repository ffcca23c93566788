// The traffic card: a slider a deployment. A draft is kept until it is applied or undone, whatever comes meanwhile.

import { call } from "./api.js";
import { element, make, paint, say, whenChanged } from "./dom.js";
import { rebalance, same, words } from "./shares.js";

let endpoint = null; // as it was last told
let live = {};
let draft = null;
let anchor = {}; // the shares from which the present move began
let sending = false;

export function show(told) {
  if (endpoint?.row.id !== told.row.id) {
    draft = null;
    outcome("");
  }
  endpoint = told;
  live = Object.fromEntries(told.deployments.map((one) => [one.name, one.traffic]));
  const known = Object.keys(live);
  if (draft && (same(draft, live) || !same(Object.fromEntries(Object.keys(draft).map((n) => [n, 1])), Object.fromEntries(known.map((n) => [n, 1]))))) draft = null;
  whenChanged("shares", [told.row.id, told.deployments.map((one) => [one.name, movable(one)])], rows);
  refresh();
}

// Azure gives no new share to a deployment that has not succeeded.
const movable = (deployment) => deployment.state === "Succeeded";
const fixed = () => endpoint.deployments.filter((one) => !movable(one)).map((one) => one.name);
const now = () => draft ?? live;

function rows() {
  element("shares").replaceChildren(
    ...endpoint.deployments.map((one, place) => {
      const id = `share-${place}`;
      const slider = make("input", { type: "range", id, min: 0, max: 100, step: 1, "data-name": one.name });
      slider.addEventListener("input", () => move(one.name, slider.valueAsNumber));
      slider.addEventListener("change", () => (anchor = now()));
      const row = make("div", { class: "share" }, make("label", { for: id }, one.name), slider, make("output", { for: id }));
      return paint(row, one.name, place);
    }),
  );
  element("split").replaceChildren(...endpoint.deployments.map((one, place) => paint(make("span"), one.name, place)));
  anchor = now();
}

function move(name, value) {
  draft = rebalance(anchor, name, value, fixed());
  if (same(draft, live)) draft = null;
  outcome("");
  refresh();
}

function refresh() {
  const shares = now();
  if (!draft) anchor = live;
  const movables = endpoint.deployments.filter(movable).length;
  endpoint.deployments.forEach((one, place) => {
    const row = element("shares").children[place];
    const slider = row.querySelector("input");
    slider.disabled = !movable(one) || movables < 2 && shares[one.name] === 100;
    slider.value = shares[one.name];
    slider.setAttribute("aria-valuetext", `${shares[one.name]} percent`);
    row.querySelector("output").textContent = `${shares[one.name]} %`;
    element("split").children[place].style.setProperty("--share", shares[one.name]);
  });
  element("apply").disabled = element("undo").disabled = !draft || sending;
}

async function apply(event) {
  event.preventDefault();
  if (!draft || sending) return;
  const wanted = draft;
  const { id } = endpoint.row;
  sending = true;
  outcome("Applying …");
  refresh();
  const body = JSON.stringify(wanted);
  const refused = await call("PUT", "traffic", { query: { id }, body }).then(() => null, (reason) => reason);
  sending = false;
  if (endpoint.row.id === id) applied(wanted, refused); // else another endpoint is shown by now
  refresh();
}

function applied(wanted, refused) {
  if (refused) return outcome(refused.message, true);
  live = { ...live, ...wanted };
  draft = null;
  outcome(`Applied: ${words(wanted)}`);
}

function outcome(text, wrong = false) {
  element("traffic-said").classList.toggle("wrong", wrong);
  say("traffic-said", text);
}

function undo() {
  draft = null;
  outcome(`Undone: ${words(live)}`);
  refresh();
  element("shares").querySelector("input:not(:disabled)")?.focus();
}

export function begin() {
  element("traffic").addEventListener("submit", apply);
  element("undo").addEventListener("click", undo);
}
