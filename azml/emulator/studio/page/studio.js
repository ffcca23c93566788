// The page: who is signed in, which endpoint and tab are shown, and what is asked for again and again.

import { call, signIn, signOut, wasHere } from "./api.js";
import * as charts from "./charts.js";
import * as details from "./details.js";
import { element, make, mood, say, whenChanged } from "./dom.js";
import * as logs from "./logs.js";
import { words } from "./shares.js";
import * as traffic from "./traffic.js";
import * as trial from "./trial.js";

const PERIOD = 1000; // milliseconds between two looks
const TABS = ["details", "test", "logs"];
let endpoints = [];
let looking = false;
let again = false; // asked for while looking: what is looked at may be another by now

// The place in the address: #/workspace/endpoint/tab.
const placeOf = (row, tab) => `#/${[row.workspace, row.name, tab].map(encodeURIComponent).join("/")}`;

function place() {
  const [workspace, name, tab] = location.hash.replace(/^#\//, "").split("/").map(decoded);
  const row = endpoints.find((one) => one.workspace === workspace && one.name === name) ?? endpoints[0];
  return { row, tab: TABS.includes(tab) ? tab : TABS[0] };
}

// The address can be typed by hand: what is no escape is what it says.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function look() {
  again = looking;
  if (looking) return;
  looking = true;
  try {
    ({ endpoints } = await call("GET", "endpoints"));
    list();
    const { row } = place();
    element("main").hidden = !row;
    if (row) await one(row);
    say("line", "");
  } catch (refused) {
    failed(refused);
  } finally {
    looking = false;
    if (again) look();
  }
}

async function one(row) {
  const told = await call("GET", "endpoint", { query: { id: row.id } });
  const { row: now, tab } = place(); // which may have been chosen meanwhile
  if (now?.id !== row.id) return;
  details.show(told);
  traffic.show(told);
  trial.show(told);
  logs.show(told);
  choose(tab);
  if (tab === "details") {
    const names = told.deployments.map((deployment) => deployment.name);
    charts.show(names, await call("GET", "metrics", { query: { id: row.id, minutes: 30 } }));
  }
  if (tab === "logs") await logs.refresh();
}

function list() {
  const { row: current, tab } = place();
  element("list-empty").hidden = endpoints.length > 0;
  whenChanged("list", [endpoints, current?.id, tab], () => {
    const focused = element("list").contains(document.activeElement) ? document.activeElement.dataset.id : null;
    element("list").replaceChildren(...endpoints.map((row) => entry(row, row.id === current?.id, tab)));
    if (focused) element("list").querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  });
}

function entry(row, current, tab) {
  const link = make(
    "a",
    { href: placeOf(row, tab), "data-id": row.id, "aria-current": current ? "page" : null },
    make("i", { class: `dot ${mood(row.state)}`, role: "img", "aria-label": row.state }),
    make("span", {}, row.name),
    make("small", {}, words(row.traffic)),
  );
  return make("li", {}, link);
}

function choose(tab) {
  for (const name of TABS) {
    const chosen = name === tab;
    element(name).hidden = !chosen;
    element(`tab-${name}`).setAttribute("aria-selected", String(chosen));
    element(`tab-${name}`).tabIndex = chosen ? 0 : -1;
  }
}

function go(tab) {
  const { row } = place();
  if (!row) return;
  choose(tab);
  location.hash = placeOf(row, tab);
}

function keys(event) {
  const at = TABS.indexOf(event.target.dataset.tab);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const next = TABS[(to + TABS.length) % TABS.length];
  go(next);
  element(`tab-${next}`).focus();
}

function failed(refused) {
  if (refused.status === 401) return shut(refused.code === "CodeUsed" ? refused.message : "");
  say("line", refused instanceof TypeError ? "The local Azure does not answer. Trying again …" : refused.message);
}

function shut(reason) {
  const opens = element("door").hidden;
  element("house").hidden = true;
  element("sign-out").hidden = true;
  element("door").hidden = false;
  if (reason || opens) say("door-reason", reason); // a look that was under way does not take back a reason
  say("line", "");
  details.hideKeys();
}

async function enter() {
  const code = /^#code=(.+)$/.exec(location.hash)?.[1];
  if (code) {
    history.replaceState(null, "", location.pathname);
    await signIn(code);
  }
  if (!wasHere()) return shut("");
  element("door").hidden = true;
  element("house").hidden = false;
  element("sign-out").hidden = false;
  await look();
}

function leave() {
  signOut().then(() => shut("Signed out."), failed);
}

function begin() {
  for (const part of [traffic, details, trial, logs]) part.begin(failed);
  for (const name of TABS) {
    element(`tab-${name}`).addEventListener("click", () => go(name));
    element(`tab-${name}`).addEventListener("keydown", keys);
  }
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    element("main").focus();
  });
  element("sign-out").addEventListener("click", leave);
  addEventListener("hashchange", () => (location.hash.startsWith("#code=") ? enter().catch(failed) : look()));
  document.addEventListener("visibilitychange", () => !document.hidden && look());
  setInterval(() => !document.hidden && !element("house").hidden && look(), PERIOD);
  enter().catch(failed);
}

begin();
