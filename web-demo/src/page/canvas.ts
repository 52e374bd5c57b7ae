/** What every drawing here needs. */
export type Ctx = CanvasRenderingContext2D;

export const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** The canvas's context, at the screen's own resolution. */
export function sized(canvas: HTMLCanvasElement, width: number, height: number): Ctx {
  const ratio = devicePixelRatio;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

export function roundRect(ctx: Ctx, x: number, y: number, width: number, height: number, radius: number | number[]): void {
  ctx.beginPath();
  ctx.roundRect(x, y, width, height, radius);
  ctx.fill();
}

export function withAlpha(hex: string, alpha: number): string {
  return hex + Math.round(alpha * 255).toString(16).padStart(2, "0");
}

/** Draw within a rectangle alone. */
export function clipped(ctx: Ctx, x: number, y: number, width: number, height: number, draw: () => void): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  draw();
  ctx.restore();
}

/** Dark or light letters, whichever can be read on this ground. */
export function inkOn(hex: string): string {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return r! * 0.299 + g! * 0.587 + b! * 0.114 > 120 ? "#14151a" : "#ffffff";
}

/** A name on its person's colour. */
export function drawNameTag(ctx: Ctx, x: number, y: number, name: string, color: string): void {
  ctx.font = FONT;
  const width = ctx.measureText(name).width + 8;
  ctx.fillStyle = color;
  roundRect(ctx, x, y, width, 14, 2);
  ctx.fillStyle = inkOn(color);
  ctx.textBaseline = "middle";
  ctx.fillText(name, x + 4, y + 7.5);
}
