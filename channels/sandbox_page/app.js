// The handset page: shows what the sandbox carrier delivered, live, and sends back what a person would answer.
// Every text comes from a stranger, so all of it enters the page as textContent.
"use strict";

const CARDS_STEP = 24;
const ITEMS_MAX = 50;
const CHANNELS = { sms: "Text", voice: "Call", email: "Mail", push: "Push" };

const $ = (id) => document.getElementById(id);
const cards = new Map(); // handset id -> {view, card, thread}
const filter = { text: "", channel: "", count: CARDS_STEP };
const waiting = []; // feed events not yet drawn

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick" || name === "onsubmit") node[name] = value;
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children) if (child !== null) node.append(child); // text nodes: append never parses
  return node;
}

function time(at) {
  return el("time", { datetime: at }, new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
}

function say(text) {
  $("said").textContent = text;
}

// --- one item, by what it is ---------------------------------------------------------------------------------

function fate(item) {
  if (item.status === null) return [`${item.text}: the gateway did not answer`, "bad"];
  if (item.status < 300) return [`${item.text} delivered to the gateway: ${item.status}`, "good"];
  return [`${item.text} refused by the gateway: ${item.status}`, "bad"];
}

function fromPerson(item) {
  const [words, tone] = fate(item);
  return el("li", { class: "out", "data-id": item.id },
    el("p", { class: "bubble" }, item.text),
    el("p", { class: `fate ${tone}` }, words, " · ", time(item.at)));
}

function text(item) {
  return el("li", { class: "in", "data-id": item.id },
    el("p", { class: "bubble" }, item.content.text),
    el("p", { class: "when" }, time(item.at)));
}

function mail(item, handset, open) {
  const unsubscribe = item.content.headers.find(([name]) => name.toLowerCase() === "list-unsubscribe");
  return el("li", { class: "mail", "data-id": item.id },
    el("details", { open },
      el("summary", {}, el("span", { class: "subject" }, item.content.subject), time(item.at)),
      el("p", { class: "body" }, item.content.text),
      item.content.html ? el("p", { class: "small" }, "The mail has an HTML part as well; this inbox shows the text.") : null,
      unsubscribe
        ? el("p", { class: "small" }, el("button", { type: "button", onclick: () => reply(handset, "UNSUBSCRIBE") }, "Unsubscribe"),
          " as the List-Unsubscribe header offers")
        : null));
}

function call(item, handset) {
  const { script, voicemail, digits } = item.content;
  const node = el("li", { class: "call", "data-id": item.id });
  if (item.answered_by === null) {
    node.append(
      el("p", { class: "ringing" }, el("strong", {}, "Incoming call"), " ", time(item.at)),
      el("p", { class: "row" },
        el("button", { type: "button", class: "main", onclick: () => answer(item, "person") }, "Answer as a person"),
        el("button", { type: "button", onclick: () => answer(item, "machine") }, "Let voicemail take it")));
  } else if (item.answered_by === "machine") {
    node.append(
      el("p", { class: "who" }, el("strong", {}, "Voicemail"), " took the call ", time(item.at)),
      voicemail
        ? el("blockquote", {}, voicemail)
        : el("p", { class: "small" }, "The caller hung up: this message is never left on a machine."),
      el("p", { class: "small" }, "Anyone may hear a voicemail, so it is limited: no debt, no amount."));
  } else {
    node.append(
      el("p", { class: "who" }, el("strong", {}, "A person"), " answered ", time(item.at)),
      el("blockquote", {}, script),
      digits.length
        ? el("p", { class: "row keys", role: "group", "aria-label": "Press a digit" },
          ...digits.map(([digit, meaning]) =>
            el("button", { type: "button", onclick: () => press(item, digit) },
              el("span", { class: "key" }, digit), el("span", {}, meaning))))
        : null);
  }
  return node;
}

function push(item, handset) {
  return el("li", { class: "push", "data-id": item.id },
    el("details", {},
      el("summary", {},
        el("span", { class: "lock" }, el("span", { class: "app" }, handset.sender), time(item.at)),
        el("span", { class: "line" }, item.content.lock_screen),
        el("span", { class: "hint" })),
      el("p", { class: "opened" }, el("strong", {}, item.content.title)),
      el("p", { class: "body" }, item.content.body)));
}

function drawItem(item, handset) {
  if (item.text !== null) return fromPerson(item);
  if (item.content === null)
    return el("li", { class: "note", "data-id": item.id }, `A message did not arrive: ${item.note} · `, time(item.at));
  switch (item.content.kind) {
    case "sms": return text(item);
    case "email": return mail(item, handset, true);
    case "voice": return call(item, handset);
    default: return push(item, handset);
  }
}

// --- what the person does ------------------------------------------------------------------------------------

async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const value = await answer.json();
    if (answer.ok) return value;
    say(value.detail);
  } catch {
    say("The sandbox does not answer; is it still running?");
  }
  return null;
}

async function reply(handset, words) {
  const item = await post(`handsets/${handset.id}/reply`, { text: words });
  if (item !== null) say(fate(item)[0]);
  return item !== null;
}

async function press(item, digit) {
  const pressed = await post(`calls/${item.id}/digit`, { digit });
  if (pressed !== null) say(fate(pressed)[0]);
}

function answer(item, by) {
  post(`calls/${item.id}/answer`, { by });
}

// --- one handset ---------------------------------------------------------------------------------------------

function composer(handset) {
  const quick = (label, words) =>
    el("button", { type: "button", onclick: () => reply(handset, words) }, label);
  if (handset.channel === "voice") return null;
  if (handset.channel === "push")
    return el("div", { class: "composer" }, el("p", { class: "row" }, quick("Turn notifications off", "STOP")));
  const input = el("input", {
    type: "text", maxlength: "1000", required: true, autocomplete: "off",
    "aria-label": `Reply from ${handset.address}`, placeholder: "Reply as this person",
  });
  const send = async (event) => {
    event.preventDefault();
    if (await reply(handset, input.value)) input.value = "";
  };
  return el("form", { class: "composer", onsubmit: send },
    el("p", { class: "row" }, input, el("button", { type: "submit", class: "main" }, "Send")),
    el("p", { class: "row" }, quick("STOP", "STOP"), handset.channel === "sms" ? quick("HELP", "HELP") : null));
}

function who(handset) {
  return `from ${handset.sender} · ${handset.locale}`;
}

function newCard(handset) {
  const thread = el("ol", { class: "thread", tabindex: "0", "aria-label": `Messages for ${handset.address}` });
  const sender = el("p", { class: "from" }, who(handset));
  const card = el("section", { class: `card ${handset.channel}`, "aria-label": `${CHANNELS[handset.channel]}: ${handset.address}` },
    el("header", {},
      el("span", { class: "pill" }, CHANNELS[handset.channel]),
      el("h2", {}, handset.address), sender),
    thread, composer(handset));
  return { view: handset, card, thread, sender };
}

function show(handset, item, fresh) {
  let entry = cards.get(handset.id);
  if (entry === undefined) {
    entry = newCard(handset);
    cards.set(handset.id, entry);
    if (fresh) $("cards").prepend(entry.card);
    else $("cards").append(entry.card);
  }
  entry.view = handset;
  entry.sender.textContent = who(handset);
  const node = drawItem(item, handset);
  const old = entry.thread.querySelector(`[data-id="${CSS.escape(item.id)}"]`);
  if (old !== null) {
    const held = old.contains(document.activeElement);
    old.replaceWith(node);
    if (held) (node.querySelector("button") ?? entry.thread).focus();
    return;
  }
  if (item.content?.kind === "email")
    for (const details of entry.thread.querySelectorAll("details[open]")) details.open = false;
  if (fresh) node.classList.add("fresh");
  entry.thread.append(node);
  while (entry.thread.children.length > ITEMS_MAX) entry.thread.firstChild.remove();
  // The newest in sight, from its first line: a long mail is read from the top.
  entry.thread.scrollTop = node.offsetTop - entry.thread.firstChild.offsetTop;
}

// --- the page ------------------------------------------------------------------------------------------------

function arrange() {
  let fitting = 0;
  let hidden = 0;
  for (const { view, card } of inOrder()) {
    const fits = (filter.channel === "" || view.channel === filter.channel)
      && view.address.toLowerCase().includes(filter.text);
    if (fits) fitting += 1;
    card.hidden = !fits || fitting > filter.count;
    if (fits && card.hidden) hidden += 1;
  }
  $("empty").hidden = cards.size > 0;
  $("none").hidden = cards.size === 0 || fitting > 0;
  $("more").hidden = hidden === 0;
  $("more").textContent = `Show more (${hidden})`;
}

function inOrder() {
  const byCard = new Map([...cards.values()].map((entry) => [entry.card, entry]));
  return [...$("cards").children].map((card) => byCard.get(card));
}

function totals(submissions) {
  $("totals").textContent = `${submissions.toLocaleString()} ${submissions === 1 ? "message" : "messages"} taken`;
}

async function load() {
  const answer = await fetch("state");
  if (!answer.ok) return answer.status;
  const state = await answer.json();
  cards.clear();
  $("cards").replaceChildren();
  waiting.length = 0;
  for (const handset of state.handsets) for (const item of handset.items) show(handset, item, false);
  $("scripts").replaceChildren(...state.scripts.map(([ending, title, shows]) =>
    el("tr", {}, el("td", {}, ending || "others"), el("td", {}, title), el("td", {}, shows))));
  totals(state.submissions_total);
  arrange();
  return 200;
}

function draw() {
  for (const { handset, item } of waiting) show(handset, item, true);
  if (waiting.length > 0) totals(waiting.at(-1).submissions);
  waiting.length = 0;
  arrange();
}

function live(state, words) {
  $("live").dataset.state = state;
  $("live").textContent = words;
}

function listen() {
  const feed = new EventSource("events");
  feed.addEventListener("open", async () => {
    live("on", (await load()) === 200 ? "live" : "locked");
  });
  feed.addEventListener("item", (event) => {
    if (waiting.length === 0) requestAnimationFrame(draw);
    waiting.push(JSON.parse(event.data));
  });
  feed.addEventListener("resync", load);
  feed.addEventListener("error", () => {
    if (feed.readyState === EventSource.CLOSED) live("off", "locked: open the link from the terminal again");
    else live("wait", "connecting again");
  });
}

$("find").addEventListener("input", () => {
  filter.text = $("find").value.trim().toLowerCase();
  filter.count = CARDS_STEP;
  arrange();
});
$("chips").addEventListener("click", (event) => {
  const chip = event.target.closest("button");
  if (chip === null) return;
  for (const other of $("chips").children) other.setAttribute("aria-pressed", String(other === chip));
  filter.channel = chip.dataset.channel;
  filter.count = CARDS_STEP;
  arrange();
});
$("more").addEventListener("click", () => {
  filter.count += CARDS_STEP;
  arrange();
});
listen();
