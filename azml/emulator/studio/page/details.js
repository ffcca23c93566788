// The details of one endpoint: its deployments, its address, its keys.

import { call } from "./api.js";
import { element, make, mood, paint, say, whenChanged } from "./dom.js";

let id = "";

export function show(told) {
  if (id !== told.row.id) hideKeys();
  id = told.row.id;
  whenChanged("title", [told.row.id, told.row.state, told.description], () => title(told));
  whenChanged("deployments", [told.row.id, told.deployments], () => deployments(told.deployments));
  element("scoring-uri").textContent = told.scoring_uri;
  element("auth-mode").textContent = { Key: "Key", AMLToken: "Azure ML token", AADToken: "Microsoft Entra token" }[told.auth_mode];
  element("show-keys").hidden = told.auth_mode !== "Key";
  element("no-keys").hidden = told.auth_mode === "Key";
}

function title(told) {
  element("name").textContent = told.row.name;
  element("state").textContent = told.row.state;
  element("state").className = `state ${mood(told.row.state)}`;
  const place = `${told.row.workspace} · ${told.row.resource_group} · ${told.row.location}`;
  element("place").textContent = told.description ? `${told.description} · ${place}` : place;
  document.title = `${told.row.name} · Studio`;
}

function deployments(found) {
  element("deployments").replaceChildren(...found.flatMap((one, at) => rows(one, at)));
}

function rows(one, at) {
  const row = make(
    "tr",
    {},
    make("th", { scope: "row" }, paint(make("span", { class: "slot" }, one.name), one.name, at)),
    make("td", {}, make("span", { class: `state ${mood(one.state)}` }, state(one))),
    make("td", { class: "number" }, `${one.ready} of ${one.instances}`),
    make("td", {}, one.instance_type),
    asset(one.model),
    asset(one.environment),
  );
  if (!one.error) return [row];
  return [row, make("tr", {}, make("td", { class: "reason", colspan: 6 }, one.error))];
}

// A name, and the version below it: versions are long.
function asset(text) {
  const [name, version] = text.split(":");
  return make("td", {}, name || "none", version ? make("small", {}, version) : null);
}

function state(one) {
  const words = { building: "building its environment", starting: "starting" }[one.running];
  const mirror = one.mirror ? `, gets ${one.mirror} % mirrored` : "";
  return (words && one.state !== "Succeeded" ? `${one.state}, ${words}` : one.state) + mirror;
}

async function toggleKeys() {
  if (!element("keys").hidden) return hideKeys();
  const asked = id;
  const keys = await call("POST", "keys", { query: { id } });
  if (id !== asked) return; // another endpoint is shown by now
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
