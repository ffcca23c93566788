// The details of one endpoint: its deployments, its address, its keys.

import { call } from "./api.js";
import { element, make, mood, paint, say, whenChanged } from "./dom.js";
import { lead } from "./lead.js";

let id = "";

export function show(view, logOf) {
  if (id !== view.row.id) hideKeys();
  id = view.row.id;
  title(view);
  whenChanged("deployments", [view.row.id, view.deployments], () => deployments(view.deployments, logOf));
  element("alerts").hidden = view.row.alerts.length === 0;
  whenChanged("alerts", view.row.alerts, () => element("alerts").replaceChildren(...view.row.alerts.map(alert)));
  element("deployments-none").hidden = view.deployments.length > 0;
  element("scoring-uri").textContent = view.scoring_uri;
  element("auth-mode").textContent = { Key: "Key", AMLToken: "Azure ML token", AADToken: "Microsoft Entra token" }[view.auth_mode];
  element("show-keys").hidden = view.auth_mode !== "Key";
  element("no-keys").hidden = view.auth_mode === "Key";
}

function title(view) {
  element("name").textContent = view.row.name;
  element("health").textContent = view.row.health.words;
  element("health").className = `pill ${view.row.health.level}`;
  const place = `${view.row.workspace} · ${view.row.resource_group} · ${view.row.location}`;
  element("place").textContent = view.description ? `${view.description} · ${place}` : place;
  document.title = `${view.row.name} · Studio`;
}

function alert(one) {
  const since = new Date(one.since * 1000).toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit", hour12: false });
  return make("li", {}, make("b", {}, one.rule), ` ${one.words} `, make("small", {}, `severity ${one.severity}, since ${since}`));
}

function deployments(found, logOf) {
  const open = new Set([...document.querySelectorAll(".reason[open]")].map((node) => node.dataset.of));
  element("deployments").replaceChildren(...found.map((one, at) => deployment(one, at, logOf, open)));
}

function deployment(one, at, logOf, open) {
  const head = make(
    "div",
    { class: "deployment-head" },
    paint(make("h3", { class: "slot" }, one.name), one.name, at),
    make("span", { class: `state ${one.running === "failed" ? "bad" : mood(one.state)}` }, state(one)),
    make("span", { class: "hint" }, `${one.ready} of ${one.instances} ready`),
  );
  const facts = make("dl", {}, ...fact("Model", one.model), ...fact("Environment", one.environment), ...fact("Size", one.instance_type));
  return make("article", { class: "deployment", "aria-label": one.name }, head, facts, one.error ? failure(one, logOf, open) : null);
}

function fact(name, text) {
  const [own, version] = text.split(":");
  const value = make("dd", {}, own || "none", version ? make("small", {}, ` ${version}`) : null);
  return [make("dt", {}, name), value];
}

function failure(one, logOf, open) {
  return make(
    "div",
    { class: "failure" },
    one.lead ? lead(one.lead) : null,
    make(
      "details",
      { class: "reason", "data-of": one.name, open: !one.lead || open.has(one.name) },
      make("summary", {}, "The end of its log"),
      make("pre", { tabindex: 0, role: "region", "aria-label": `The end of the log of ${one.name}` }, one.error),
    ),
    make("a", { href: logOf(one.name) }, "Open the log"),
  );
}

function state(one) {
  const words = { building: "building its environment", starting: "starting", failed: "its processes failed" }[one.running];
  return words && one.state !== "Failed" ? `${one.state}, ${words}` : one.state;
}

async function toggleKeys() {
  if (!element("keys").hidden) return hideKeys();
  const asked = id;
  const keys = await call("POST", "keys", { query: { id } });
  if (id !== asked) return; // another endpoint is shown meanwhile
  element("primary-key").textContent = keys.primaryKey;
  element("secondary-key").textContent = keys.secondaryKey;
  element("keys").hidden = false;
  element("show-keys").textContent = "Hide keys";
  element("show-keys").setAttribute("aria-expanded", "true");
}

export function hideKeys() {
  for (const name of ["primary-key", "secondary-key"]) element(name).textContent = "";
  element("keys").hidden = true;
  element("show-keys").textContent = "Show keys";
  element("show-keys").setAttribute("aria-expanded", "false");
}

async function copy(button) {
  await navigator.clipboard.writeText(element(button.dataset.copy).textContent);
  say("announce", "Copied");
  button.textContent = "Copied";
  setTimeout(() => {
    button.textContent = "Copy";
    say("announce", "");
  }, 1500);
}

export function begin(failed) {
  element("show-keys").addEventListener("click", () => toggleKeys().catch(failed));
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => copy(button).catch(failed));
  }
}
