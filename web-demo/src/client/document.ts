/** The document as a fold over operations, the same as the hub's (D1 to D5). */
import type { Entity, Op, Props } from "./messages.js";

export type Kind = Entity["kind"];
export type EntityProps = Required<Props>;

/** What a `put` need not say (D1). */
export const DEFAULTS: Readonly<Record<Kind, Props>> = {
  track: { name: "", order: "", color: "#9a9da8", gain_db: 0, pan: 0, mute: false, solo: false, instrument: "" },
  clip: { asset: null, offset_samples: 0, gain_db: 0, name: "" },
  note: { velocity: 100 },
  marker: { text: "" },
};

const REQUIRED: Readonly<Record<Kind, readonly (keyof Props)[]>> = {
  track: [],
  clip: ["track", "start_tick", "length_ticks"],
  note: ["clip", "tick", "length_ticks", "pitch"],
  marker: ["tick"],
};

/** Every property that a kind carries (D1). */
export const NAMES: Readonly<Record<Kind, readonly (keyof Props)[]>> = {
  track: namesOf("track"),
  clip: namesOf("clip"),
  note: namesOf("note"),
  marker: namesOf("marker"),
};

const PARENT: Readonly<Record<Kind, "track" | "clip" | null>> = { track: null, clip: "track", note: "clip", marker: null };

/** The kinds, a parent's before what lies in it: their order in a snapshot. */
export const KINDS: readonly Kind[] = ["track", "clip", "note", "marker"];

/** One entity as it was before a change: enough to take the change back. */
export interface Change {
  readonly id: string;
  readonly before: Entity | undefined;
}

const NOTHING: ReadonlySet<string> = new Set();

/**
 * Tracks, clips, notes and markers now. It changes in place, because it holds thousands of them and changes hundreds of
 * times a second; entities themselves never change, so that whoever shows one sees by `===` whether it is still that one.
 */
export class Document {
  readonly #entities = new Map<string, Entity>();
  readonly #inside = new Map<string, Set<string>>();
  readonly #ofKind: Readonly<Record<Kind, Set<string>>> = { track: new Set(), clip: new Set(), note: new Set(), marker: new Set() };
  readonly #touched = new Map<string, number>();
  readonly #kindTouched: Record<Kind, number> = { track: 0, clip: 0, note: 0, marker: 0 };
  #revision = 0;

  /** Grows with every change of anything. */
  get revision(): number {
    return this.#revision;
  }

  /** The revision of the last change of this kind of entity. */
  revisionOf(kind: Kind): number {
    return this.#kindTouched[kind];
  }

  /** The revision of the last change of an entity, or of what lies directly in it. */
  touched(id: string): number {
    return this.#touched.get(id) ?? 0;
  }

  get(kind: Kind, id: string): Entity | undefined {
    const entity = this.#entities.get(id);
    return entity?.kind === kind ? entity : undefined;
  }

  count(kind: Kind): number {
    return this.#ofKind[kind].size;
  }

  /** Every entity of a kind, in no order. */
  *of(kind: Kind): Iterable<Entity> {
    for (const id of this.#ofKind[kind]) yield this.#entities.get(id)!;
  }

  /** The clips of a track, or the notes of a clip, in no order. */
  *children(id: string): Iterable<Entity> {
    for (const child of this.#inside.get(id) ?? NOTHING) yield this.#entities.get(child)!;
  }

  /** Every entity, a parent before what lies in it; the same order for the same document. */
  listed(): readonly Entity[] {
    return [...this.#entities.values()].sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || compare(a.id, b.id));
  }

  /** Hold these entities, and nothing else. */
  reset(entities: readonly Entity[]): void {
    for (const id of [...this.#entities.keys()]) this.#replace(id, undefined);
    for (const { kind, id, props } of entities) this.#replace(id, { kind, id, props: complete(kind, props ?? {}) });
  }

  /** Fold operations in; it never fails. What changed is added to `log`, for `revert`. */
  apply(ops: readonly Op[], log?: Change[]): void {
    for (const op of ops) this.#step(op, log);
  }

  /** Take back what a log holds, its newest change first. */
  revert(log: readonly Change[]): void {
    for (let at = log.length - 1; at >= 0; at--) this.#replace(log[at]!.id, log[at]!.before);
  }

  #step(op: Op, log: Change[] | undefined): void {
    const entity = this.#entities.get(op.id);
    if (op.op === "put") return this.#put(op, entity, log);
    if (entity?.kind !== op.kind) return;
    if (op.op === "set") return this.#write(entity, op.props ?? {}, log);
    for (const gone of this.#within(op.id).reverse()) this.#change(gone, undefined, log);
  }

  #put({ kind, id, props }: Op, earlier: Entity | undefined, log: Change[] | undefined): void {
    if (earlier !== undefined && earlier.kind !== kind) return; // an id belongs to one kind
    const whole = complete(kind, props ?? {});
    if (earlier !== undefined) this.#write(earlier, whole, log);
    else this.#change(id, { kind, id, props: whole }, log);
  }

  #write(entity: Entity, wanted: Props, log: Change[] | undefined): void {
    this.#change(entity.id, { ...entity, props: { ...entity.props, ...known(entity.kind, wanted) } }, log);
  }

  #change(id: string, after: Entity | undefined, log: Change[] | undefined): void {
    log?.push({ id, before: this.#entities.get(id) });
    this.#replace(id, after);
  }

  /** The ids of an entity and everything in it, the outermost first. */
  #within(id: string): string[] {
    const found = new Set([id]);
    for (const outer of found) for (const inner of this.#inside.get(outer) ?? NOTHING) found.add(inner);
    return [...found];
  }

  #replace(id: string, after: Entity | undefined): void {
    const before = this.#entities.get(id);
    this.#revision += 1;
    if (before !== undefined) this.#leave(before);
    if (after !== undefined) this.#enter(after);
    else this.#touched.delete(id);
  }

  #leave(entity: Entity): void {
    this.#entities.delete(entity.id);
    this.#ofKind[entity.kind].delete(entity.id);
    const parent = parentOf(entity);
    const siblings = parent === null ? undefined : this.#inside.get(parent);
    siblings?.delete(entity.id);
    if (siblings?.size === 0) this.#inside.delete(parent!);
    this.#touch(entity, parent);
  }

  #enter(entity: Entity): void {
    this.#entities.set(entity.id, entity);
    this.#ofKind[entity.kind].add(entity.id);
    const parent = parentOf(entity);
    if (parent !== null) this.#inside.set(parent, (this.#inside.get(parent) ?? new Set()).add(entity.id));
    this.#touch(entity, parent);
  }

  #touch({ kind, id }: Entity, parent: string | null): void {
    this.#kindTouched[kind] = this.#revision;
    this.#touched.set(id, this.#revision);
    if (parent !== null && this.#entities.has(parent)) this.#touched.set(parent, this.#revision);
  }
}

/** The id of what an entity lies in; null for tracks and markers. */
export function parentOf(entity: Entity): string | null {
  const name = PARENT[entity.kind];
  return name === null ? null : (entity.props?.[name] ?? null);
}

/** An entity's properties; in a document every one of its kind is there. */
export function propsOf(entity: Entity): EntityProps {
  return entity.props as EntityProps;
}

/** By code unit, as ids are ordered everywhere. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function complete(kind: Kind, props: Props): Props {
  return { ...DEFAULTS[kind], ...known(kind, props) };
}

/** The properties that a kind has; whatever else was named is ignored. */
function known(kind: Kind, props: Props): Props {
  const kept: Record<string, unknown> = {};
  for (const name of NAMES[kind]) if (props[name] !== undefined) kept[name] = props[name];
  return kept;
}

function namesOf(kind: Kind): readonly (keyof Props)[] {
  return [...REQUIRED[kind], ...(Object.keys(DEFAULTS[kind]) as (keyof Props)[])];
}
