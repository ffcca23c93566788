// Shares that always add up to 100, as pure functions.

const sum = (shares) => Object.values(shares).reduce((total, share) => total + share, 0);

// The shares after one was moved to `value`. The rest is divided among the others in proportion to their shares
// before the move, or equally if they had none. Those in `fixed` do not change.
export function rebalance(shares, name, value, fixed = []) {
  const still = Object.keys(shares).filter((one) => one !== name && fixed.includes(one));
  const others = Object.keys(shares).filter((one) => one !== name && !fixed.includes(one));
  const free = 100 - still.reduce((total, one) => total + shares[one], 0);
  const own = others.length ? Math.min(Math.max(Math.round(value), 0), free) : free;
  const before = others.reduce((total, one) => total + shares[one], 0);
  const exact = others.map((one) => ((free - own) * (before ? shares[one] : 1)) / (before || others.length));
  return { ...shares, [name]: own, ...Object.fromEntries(others.map((one, at) => [one, whole(exact)[at]])) };
}

// Whole numbers with the same sum: the largest remainders are rounded up.
function whole(exact) {
  const floors = exact.map(Math.floor);
  const left = Math.round(exact.reduce((a, b) => a + b, 0)) - floors.reduce((a, b) => a + b, 0);
  const order = exact.map((_, at) => at).sort((a, b) => exact[b] - floors[b] - (exact[a] - floors[a]) || a - b);
  order.slice(0, left).forEach((at) => (floors[at] += 1));
  return floors;
}

export const same = (one, other) =>
  sum(one) === sum(other) && Object.keys({ ...one, ...other }).every((name) => (one[name] ?? 0) === (other[name] ?? 0));

export const words = (shares) =>
  Object.entries(shares).filter(([, share]) => share).map(([name, share]) => `${name} ${share} %`).join(", ") || "none";
