import { type Component, type Conformance, type Job, thresholdOf } from "../client/index.js";
import type { App } from "./app.js";
import { h, setText } from "./dom.js";
import type { JobPart } from "./job-card.js";
import { thresholdRow } from "./threshold.js";

type Verdict = NonNullable<Job["verdict"]>;

const VERDICTS: Readonly<Record<Verdict, string>> = { accept: "Accept", review: "Review", reject: "Reject" };
const MEANING: Readonly<Record<Verdict, string>> = {
  accept: "All of its interval is at the threshold or above.",
  review: "The threshold lies within its interval: listen, and decide.",
  reject: "All of its interval is below the threshold.",
};
const CAVEAT = "This measures convention, not quality.";

/** A finished score: its interval beside the room's threshold, the verdict, and the reasons. */
export function conformanceView(app: App): JobPart {
  const element = h("div", { class: "conformance", hidden: true, "data-testid": "conformance" });
  const verdict = h("strong", { class: "verdict" });
  const meaning = h("p", { class: "hint" });
  const mark = h("span", { class: "scale-threshold" });
  const threshold = thresholdRow(app);
  let built = false;
  const show = ({ conformance, verdict: judged }: Job): void => {
    element.hidden = !conformance;
    if (!conformance) return;
    // A finished score stays what it is; only how it is judged changes.
    if (!built) element.append(scoreLine(conformance, verdict), scale(conformance, mark), threshold.element, meaning, reasons(conformance));
    built = true;
    threshold.show();
    mark.style.left = percent(thresholdOf(app.room));
    setText(verdict, judged ? VERDICTS[judged] : "");
    verdict.dataset["verdict"] = judged ?? "";
    setText(meaning, judged ? `${MEANING[judged]} ${CAVEAT}` : CAVEAT);
  };
  return { element, show };
}

function scoreLine({ value, low, high }: Conformance, verdict: HTMLElement): HTMLElement {
  const interval = h("span", { class: "label" }, ` ${low.toFixed(2)} to ${high.toFixed(2)}`);
  return h("div", { class: "score-line" }, verdict, h("span", { class: "score-value" }, value.toFixed(2), interval));
}

/** The interval and its middle on the way from 0 to 1; the numbers above it say the same. */
function scale({ value, low, high }: Conformance, threshold: HTMLElement): HTMLElement {
  const interval = h("span", { class: "scale-interval" });
  interval.style.left = percent(low);
  interval.style.width = percent(high - low);
  const middle = h("span", { class: "scale-value" });
  middle.style.left = percent(value);
  return h("div", { class: "scale", "aria-hidden": "true" }, interval, middle, threshold);
}

function reasons({ version, genre, fitted_on, components = [] }: Conformance): HTMLElement {
  const heaviest = components.toSorted((a, b) => b.weight - a.weight);
  return h(
    "details",
    { class: "reasons" },
    h("summary", {}, `Reasons (${components.length})`),
    h("ul", {}, ...heaviest.map(reasonRow)),
    h("p", { class: "hint" }, `Genre ${genre}, version ${version}. ${fitted_on}`),
  );
}

function reasonRow({ name, value, weight, reason }: Component): HTMLElement {
  const filled = h("span", {});
  filled.style.width = percent(value);
  const bar = h("span", { class: "reason-bar", "aria-hidden": "true" }, filled);
  const title = `Weight ${weight.toFixed(2)}`;
  const line = h("div", { class: "reason-line", title }, h("span", {}, name.replaceAll("_", " ")), bar, h("span", { class: "score-value" }, value.toFixed(2)));
  return h("li", {}, line, h("p", { class: "hint" }, reason));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
