// The traffic card: a slider per deployment, and the mirror. A draft is kept until it is applied or undone, even
// when new data arrives. A draft is {shares, mirror: {name: percent}}.

import { call } from "./api.js";
import { element, make, options, paint, say, whenChanged } from "./dom.js";
import { rebalance, same, words } from "./shares.js";

const MIRROR_LIMIT = 50; // percent, Azure's
const NOBODY = "";
let endpoint = null; // as last received
let live = { shares: {}, mirror: {} };
let draft = null;
let anchor = {}; // the shares at the start of the current move
let sending = false;

export function show(view) {
  if (endpoint?.row.id !== view.row.id) {
    draft = null;
    outcome("");
  }
  endpoint = view;
  live = { shares: of(view, "traffic"), mirror: positive(of(view, "mirror")) };
  if (draft && (equal(draft, live) || !knows(draft.shares, live.shares))) draft = null;
  whenChanged("shares", [view.row.id, view.deployments.map((one) => [one.name, movable(one)])], rows);
  refresh();
}

const of = (view, kind) => Object.fromEntries(view.deployments.map((one) => [one.name, one[kind]]));
const positive = (shares) => Object.fromEntries(Object.entries(shares).filter(([, share]) => share));
const equal = (one, other) => same(one.shares, other.shares) && same(one.mirror, other.mirror);
const knows = (one, other) => Object.keys(one).sort().join("/") === Object.keys(other).sort().join("/");

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
      slider.addEventListener("change", () => (anchor = now().shares));
      const row = make("div", { class: "share" }, make("label", { for: id }, one.name), slider, make("output", { for: id }));
      return paint(row, one.name, place);
    }),
  );
  element("split").replaceChildren(...endpoint.deployments.map((one, place) => paint(make("span"), one.name, place)));
  anchor = now().shares;
}

function move(name, value) {
  const shares = rebalance(anchor, name, value, fixed());
  // A deployment with live traffic cannot have mirrored traffic.
  change({ shares, mirror: Object.fromEntries(Object.entries(now().mirror).filter(([one]) => !shares[one])) });
}

function mirror() {
  const name = element("mirror-to").value;
  const share = Math.min(Math.max(Math.round(element("mirror-share").valueAsNumber) || 1, 1), MIRROR_LIMIT);
  change({ shares: now().shares, mirror: name === NOBODY ? {} : { [name]: share } });
}

function change(wanted) {
  draft = equal(wanted, live) ? null : wanted;
  outcome("");
  refresh();
}

function refresh() {
  const { shares } = now();
  if (!draft) anchor = live.shares;
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
  refreshMirror();
  element("apply").disabled = element("undo").disabled = !draft || sending;
}

function refreshMirror() {
  const [[name, share] = [NOBODY, 10]] = Object.entries(now().mirror);
  const able = endpoint.deployments.filter((one) => movable(one) && !now().shares[one.name]).map((one) => one.name);
  const offered = [...new Set([NOBODY, ...(name ? [name] : []), ...able])];
  whenChanged("mirror", [endpoint.row.id, offered], () => options(element("mirror-to"), offered, (one) => one || "nobody"));
  element("mirror-to").value = name;
  if (document.activeElement !== element("mirror-share")) element("mirror-share").value = share;
  element("mirror-share").disabled = name === NOBODY;
  element("mirror").disabled = endpoint.kubernetes || offered.length === 1;
  element("mirror-hint").textContent = endpoint.kubernetes
    ? "A Kubernetes endpoint cannot mirror traffic."
    : `Copies go to one deployment without live traffic, ${MIRROR_LIMIT} % at most; its answers are discarded.`;
}

async function apply(event) {
  event.preventDefault();
  if (!draft || sending) return;
  const wanted = draft;
  const { id } = endpoint.row;
  sending = true;
  outcome("Applying …");
  refresh();
  const body = JSON.stringify({ traffic: wanted.shares, mirrorTraffic: wanted.mirror });
  const refused = await call("PUT", "traffic", { query: { id }, body }).then(() => null, (reason) => reason);
  sending = false;
  if (endpoint.row.id === id) applied(wanted, refused); // else another endpoint is shown meanwhile
  refresh();
}

function applied(wanted, refused) {
  if (refused) return outcome(refused.message, true);
  live = wanted;
  draft = null;
  outcome(`Applied: ${inWords(wanted)}`);
}

const inWords = ({ shares, mirror }) => words(shares) + (Object.keys(mirror).length ? `; mirrored: ${words(mirror)}` : "");

function outcome(text, wrong = false) {
  element("traffic-said").classList.toggle("wrong", wrong);
  say("traffic-said", text);
}

function undo() {
  draft = null;
  outcome(`Undone: ${inWords(live)}`);
  refresh();
  element("shares").querySelector("input:not(:disabled)")?.focus();
}

export function begin() {
  element("traffic").addEventListener("submit", apply);
  element("undo").addEventListener("click", undo);
  for (const id of ["mirror-to", "mirror-share"]) element(id).addEventListener("change", mirror);
}
