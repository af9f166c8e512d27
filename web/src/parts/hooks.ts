// SPDX-License-Identifier: Apache-2.0
// Small hooks that several parts share.
import { useEffect, useRef, useState } from 'preact/hooks';
import { problemText } from '../text';

/** The time, again every `everyMs`, for words such as "3 minutes ago". */
export function useNow(everyMs = 15000): number {
	const [now, setNow] = useState(Date.now());
	useEffect(() => {
		const timer = setInterval(() => setNow(Date.now()), everyMs);
		return () => clearInterval(timer);
	}, [everyMs]);
	return now;
}

/** How many pixels wide an element is, as it changes. */
export function useWidth(box: { current: HTMLElement | null }): number {
	const [width, setWidth] = useState(320);
	useEffect(() => {
		if (!box.current) return undefined;
		const watcher = new ResizeObserver(([entry]) => setWidth(Math.max(1, entry?.contentRect.width ?? 320)));
		watcher.observe(box.current);
		return () => watcher.disconnect();
	}, []);
	return width;
}

/** Runs one thing at a time for a form: busy while it runs, its failure in words after. */
export function useTask() {
	const [busy, setBusy] = useState(false);
	const [failure, setFailure] = useState('');
	const alive = useRef(true);
	useEffect(() => () => { alive.current = false; }, []);

	async function run<T>(work: () => Promise<T>): Promise<T | undefined> {
		setBusy(true);
		setFailure('');
		try {
			return await work();
		} catch (error) {
			if (alive.current) setFailure(problemText(error));
			return undefined;
		} finally {
			if (alive.current) setBusy(false);
		}
	}
	return { busy, failure, run, setFailure };
}
