import { describe, expect, it } from "vitest";

import { freshKeys, inOrder, keyBetween, type Ordered, placeAt } from "../../src/client/order.js";
import { seeded } from "./random.js";

function placed(list: readonly Ordered[], id: string, index: number): readonly Ordered[] {
  const changes = new Map(placeAt(list, id, index).map((one) => [one.id, one]));
  return [...list.map((one) => changes.get(one.id) ?? one), changes.get(id)!].sort(inOrder);
}

describe("order keys", () => {
  it.each(Array.from({ length: 20 }, (_, seed) => seed))("whatever is put wherever lies there (seed %i)", (seed) => {
    const random = seeded(seed);
    let list: readonly Ordered[] = [];
    const model: string[] = [];
    for (let n = 0; n < 300; n++) {
      const index = Math.floor(random() * (list.length + 1));
      model.splice(index, 0, `id-${n}`);
      list = placed(list, `id-${n}`, index);
      expect(list.map((one) => one.id)).toEqual(model);
    }
  });

  it("two hundred additions at the end keep short keys", () => {
    let list: readonly Ordered[] = [];
    for (let n = 0; n < 200; n++) list = placed(list, `id-${n}`, list.length);
    expect(Math.max(...list.map((one) => one.order.length))).toBeLessThan(9);
  });

  it("one place that is split again and again never runs out: the keys are written anew", () => {
    let list: readonly Ordered[] = [{ id: "a", order: "A" }, { id: "b", order: "B" }];
    for (let n = 0; n < 500; n++) list = placed(list, `id-${n}`, 1);
    expect(list[1]!.id).toBe("id-499");
    expect(Math.max(...list.map((one) => one.order.length))).toBeLessThanOrEqual(64);
  });

  it("keys that are equal or not ours make room by being written anew", () => {
    const list = [{ id: "a", order: "" }, { id: "b", order: "" }, { id: "c", order: "é" }];
    expect(placed(list, "x", 1).map((one) => one.id)).toEqual(["a", "x", "b", "c"]);
    expect(keyBetween("B", "A")).toBeNull();
  });

  it("fresh keys are in order and apart", () => {
    const keys = freshKeys(300);
    expect([...keys].sort()).toEqual(keys);
    expect(new Set(keys).size).toBe(300);
  });
});
