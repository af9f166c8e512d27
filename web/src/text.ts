// SPDX-License-Identifier: Apache-2.0
// Words in the reader's language, and times in words. The table is words.ts.
import { Problem } from './api';
import { words } from './words';

export type Key = keyof typeof words;
export type Language = 'en' | 'zh';

const STORED = 'vigil.language';
let current: Language = 'en';
const listeners = new Set<() => void>();

/** The first of the browser's wishes that we speak; English otherwise. */
export function pickLanguage(stored: string | null, wishes: readonly string[]): Language {
	if (stored === 'en' || stored === 'zh') return stored;
	for (const wish of wishes) {
		if (/^zh\b/i.test(wish)) return 'zh';
		if (/^en\b/i.test(wish)) return 'en';
	}
	return 'en';
}

export function language(): Language {
	return current;
}

function stored(): string | null {
	try {
		return localStorage.getItem(STORED);
	} catch {
		return null; // storage may be forbidden; the wish of the browser is good enough
	}
}

export function startLanguage(): void {
	current = pickLanguage(stored(), navigator.languages ?? [navigator.language]);
	document.documentElement.lang = current;
}

export function setLanguage(wanted: Language): void {
	current = wanted;
	if (typeof document !== 'undefined') document.documentElement.lang = wanted;
	try {
		localStorage.setItem(STORED, wanted);
	} catch {
		// Then the choice lasts as long as the page.
	}
	for (const listener of listeners) listener();
}

export function onLanguage(listener: () => void): () => void {
	listeners.add(listener);
	return () => listeners.delete(listener);
}

export function has(key: string): key is Key {
	return Object.prototype.hasOwnProperty.call(words, key);
}

export function t(key: Key, values: Record<string, string | number> = {}): string {
	const text = words[key][current === 'zh' ? 1 : 0];
	return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** A key made of parts the server chose: its words if we have them, else `fallback`. */
export function tOr(key: string, fallback: string): string {
	return has(key) ? t(key) : fallback;
}

/** Why a device went away; what the server says is shown as it is when we have no words of our own. */
export function goneText(reason: string): string {
	return tOr(`gone.${reason}`, reason);
}

/** A failure in words: the device's code first, then the problem's name, then what the server said. */
export function problemText(error: unknown): string {
	if (!(error instanceof Problem)) return t('problem.internal', { detail: String(error) });
	if (error.code !== null && has(`code.${error.code}`)) return t(`code.${error.code}` as Key);
	const key = `problem.${error.problem}`;
	const detail = error.code === null ? error.detail : `${error.detail} (${error.code})`;
	return has(key) ? t(key, { detail }) : t('problem.internal', { detail });
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
	['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1],
];

/** "3 minutes ago", in whole units, never in the future. */
export function ago(iso: string, nowMs: number): string {
	const seconds = Math.max(0, Math.floor((nowMs - Date.parse(iso)) / 1000));
	const format = new Intl.RelativeTimeFormat(current, { numeric: 'auto' });
	const [unit, size] = STEPS.find(([, least]) => seconds >= least) ?? ['second', 1];
	return format.format(-Math.floor(seconds / size), unit);
}

/** The time of day, with the date when it is not today. */
export function clock(iso: string, nowMs: number, withSeconds = false): string {
	const time = new Date(iso);
	const seconds = withSeconds ? { second: '2-digit' as const } : {};
	const today = new Date(nowMs).toDateString() === time.toDateString();
	return new Intl.DateTimeFormat(current, today
		? { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...seconds }
		: { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...seconds },
	).format(time);
}

/** The time of day with seconds, as a time bar needs it. */
export function timeText(ms: number, withSeconds = true): string {
	return new Intl.DateTimeFormat(current, {
		hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...(withSeconds ? { second: '2-digit' } : {}),
	}).format(ms);
}

/** "1 h 5 min", "4 min 10 s" or "7 s". */
export function durationText(ms: number): string {
	const seconds = Math.round(ms / 1000);
	const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
	if (h) return t('duration.hours', { h, m });
	return m ? t('duration.minutes', { m, s }) : t('duration.seconds', { s });
}

export function numberText(value: number, digits = 0): string {
	return value.toLocaleString(current, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
