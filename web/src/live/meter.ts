// SPDX-License-Identifier: Apache-2.0
// How many bytes come in a second, over the last few seconds.

/** Two groups of pictures of most cameras: a key frame is many times as large as the others. */
const WINDOW_MS = 4000;
const STEP_MS = 100;

export class Meter {
	private buckets: { at: number; bytes: number }[] = [];
	private startedMs: number | null = null;

	add(bytes: number, now: number): void {
		this.startedMs ??= now;
		const last = this.buckets[this.buckets.length - 1];
		if (last && now - last.at < STEP_MS) last.bytes += bytes;
		else this.buckets.push({ at: now, bytes });
		this.forget(now);
	}

	/** Bits per second; null before a second was seen. */
	bits(now: number): number | null {
		this.forget(now);
		if (this.startedMs === null || now - this.startedMs < 1000) return null;
		const bytes = this.buckets.reduce((sum, bucket) => sum + bucket.bytes, 0);
		return (bytes * 8000) / Math.min(WINDOW_MS, now - this.startedMs);
	}

	reset(): void {
		this.buckets = [];
		this.startedMs = null;
	}

	private forget(now: number): void {
		while (this.buckets[0] && now - this.buckets[0].at >= WINDOW_MS) this.buckets.shift();
	}
}
