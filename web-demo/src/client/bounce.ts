/** Stems put together as one WAV file. */

const CHANNELS = 2;
const BYTES = 2;
const HEADER_BYTES = 44;
const LOUDEST = 32_767;

/** The sum of stems, interleaved stereo that begins together, as 16-bit WAV; turned down as a whole where it would clip. */
export function summedWav(stems: readonly Int16Array[], sampleRate: number): ArrayBuffer {
  const sum = new Float32Array(Math.max(0, ...stems.map((stem) => stem.length)));
  for (const stem of stems) for (let i = 0; i < stem.length; i++) sum[i]! += stem[i]!;
  const peak = sum.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const gain = Math.min(1, LOUDEST / peak);
  const file = new DataView(new ArrayBuffer(HEADER_BYTES + sum.length * BYTES));
  writeHeader(file, sampleRate);
  for (const [i, value] of sum.entries()) file.setInt16(HEADER_BYTES + i * BYTES, Math.round(value * gain), true);
  return file.buffer as ArrayBuffer;
}

function writeHeader(file: DataView, sampleRate: number): void {
  const text = (at: number, letters: string): void => [...letters].forEach((letter, i) => file.setUint8(at + i, letter.charCodeAt(0)));
  const frame = CHANNELS * BYTES;
  text(0, "RIFF");
  file.setUint32(4, file.byteLength - 8, true);
  text(8, "WAVEfmt ");
  file.setUint32(16, 16, true);
  file.setUint16(20, 1, true); // PCM
  file.setUint16(22, CHANNELS, true);
  file.setUint32(24, sampleRate, true);
  file.setUint32(28, sampleRate * frame, true);
  file.setUint16(32, frame, true);
  file.setUint16(34, BYTES * 8, true);
  text(36, "data");
  file.setUint32(40, file.byteLength - HEADER_BYTES, true);
}
