// The summary above a failed log: the error, and the line of the user's own code that caused it.

import { make } from "./dom.js";

export function lead(own) {
  const place = own.file ? `${own.file}, line ${own.line}${own.function ? `, in ${own.function}` : ""}` : "";
  return make(
    "div",
    { class: "lead" },
    make("p", {}, make("b", {}, own.error)),
    place ? make("p", { class: "where" }, place) : null,
    own.source ? make("code", {}, own.source) : null,
  );
}
