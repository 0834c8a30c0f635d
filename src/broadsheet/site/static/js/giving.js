// Says sums as they change: on the button, and beside the box that adds the fee. The form is the same without it.
const form = document.querySelector(".give__form");
const { currency, basisPoints, fixedMinor } = form.dataset;
const decimals = Number(form.dataset.decimals);
const unit = 10 ** decimals;
const own = form.elements.own;
const button = form.querySelector("[data-give]");
const plain = button.textContent;
const adds = form.querySelector("[data-adds-said]");
const list = form.querySelector("[data-adds-list]");

const style = { style: "currency", currency };
const written = (minor) =>
  new Intl.NumberFormat(document.documentElement.lang, {
    ...style,
    minimumFractionDigits: minor % unit ? decimals : 0,
    maximumFractionDigits: decimals,
  }).format(minor / unit);
const filled = (words, sums) => words.replace(/\{(\w+)\}/g, (_, name) => `\u2068${written(sums[name])}\u2069`);

const radios = (name) => [...form.elements].filter((one) => one.name === name && one.type === "radio");
const frequency = () => radios("frequency").find((one) => one.checked)?.value ?? form.elements.frequency?.value ?? "";
const suggestions = () => radios(`${frequency()}_amount`);

// Only what leaves no doubt; all else is read by the server, which asks where it must.
function minorOf(text) {
  const found = /^(\d{1,9})(?:[.,](\d+))?$/.exec(text.trim());
  if (!found || (found[2] ?? "").length > decimals) return null;
  return Number(found[1]) * unit + Number((found[2] ?? "").padEnd(decimals, "0") || 0);
}
const chosen = () => minorOf(own.value.trim() || suggestions().find((one) => one.checked)?.value || "");

// As core/money.py, FeeTerms: the least to be paid so that, the fee taken off, the gift is left.
const fee = (paid) => Math.min(Math.floor((paid * basisPoints * 2 + 10_000) / 20_000) + Number(fixedMinor), paid);
function covering(gift) {
  let paid = Math.max(gift, Math.ceil(((gift + Number(fixedMinor)) * 10_000) / (10_000 - basisPoints)) - 2);
  while (paid - fee(paid) < gift) paid += 1;
  return paid;
}

function say() {
  const amount = chosen();
  const words = form.dataset[frequency()];
  const byHand = radios("provider").some((one) => one.checked && one.value === "manual");
  const covers = form.elements.cover?.checked && !byHand;
  const total = amount && covers ? covering(amount) : amount;
  button.textContent = amount && words ? filled(words, { amount: total }) : plain;
  if (!adds) return;
  adds.hidden = !amount;
  list.hidden = !!amount;
  if (amount) adds.textContent = filled(form.dataset.adds, { amount, total: covering(amount), added: covering(amount) - amount });
}

// A way to pay that cannot repeat is not left chosen where the gift repeats.
function choosePayment() {
  const ways = radios("provider");
  if (frequency() === "once" || !ways.some((one) => one.checked && "onceOnly" in one.dataset)) return;
  const able = ways.find((one) => !("onceOnly" in one.dataset));
  if (able) able.checked = true;
}

form.addEventListener("input", (event) => {
  const { target } = event;
  if (target === own && own.value.trim()) for (const one of suggestions()) one.checked = false;
  if (target.type === "radio" && target.name.endsWith("_amount")) own.value = "";
  if (target.name === "frequency") choosePayment();
  say();
});
addEventListener("pageshow", () => {
  button.disabled = false;
  say();
});
// Pressed twice, it is sent once: the provider's page may take a moment.
form.addEventListener("submit", () => setTimeout(() => (button.disabled = true)));
say();
