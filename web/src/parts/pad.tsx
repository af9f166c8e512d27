// SPDX-License-Identifier: Apache-2.0
// The pad: press is start, release, leave and blur are stop. The rules are in ptz.ts.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import { Latest, still, stepPad, type DirectionName, type Move, type Pad, type PadEvent, type Speed } from '../ptz';
import { problemText, t } from '../text';
import { Icon } from './icon';

const RING: [DirectionName, number][] = [
	['upLeft', -45], ['up', 0], ['upRight', 45],
	['left', -90], ['right', 90],
	['downLeft', -135], ['down', 180], ['downRight', 135],
];
const KEYS: Record<string, DirectionName> = {
	ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right',
	'+': 'zoomIn', '=': 'zoomIn', '-': 'zoomOut', '_': 'zoomOut',
};
/** A click that no pointer or key made (voice control, screen reader) turns for this long. */
const NUDGE_MS = 400;
const SPEEDS: Speed[] = [0, 1, 2];

function usePad(did: string) {
	const pad = useRef<Pad>(still);
	const [shown, setShown] = useState<Pad>(still);
	const [words, setWords] = useState('');
	const queue = useRef<Latest<Move> | null>(null);

	function feed(event: PadEvent) {
		const { pad: next, move } = stepPad(pad.current, event, performance.now());
		const changed = next !== pad.current;
		pad.current = next;
		if (event.kind === 'press' && move) setWords('');
		if (move) queue.current?.push(move);
		if (changed) setShown(next);
	}
	useEffect(() => {
		queue.current = new Latest<Move>(async (move) => {
			try {
				await api.act(did, { ptz: move });
			} catch (error) {
				if ('stop' in move) return;
				feed({ kind: 'refused' });
				setWords(problemText(error));
			}
		});
		const release = () => feed({ kind: 'release' });
		const timer = setInterval(() => feed({ kind: 'tick' }), 100);
		window.addEventListener('blur', release);
		document.addEventListener('visibilitychange', release);
		return () => {
			release();
			clearInterval(timer);
			window.removeEventListener('blur', release);
			document.removeEventListener('visibilitychange', release);
		};
	}, [did]);
	return { pad: shown, words, feed };
}

function PadButton(props: { direction: DirectionName; turn?: number; held: boolean; feed: (event: PadEvent) => void }) {
	const { direction, feed } = props;
	const release = () => feed({ kind: 'release', direction });
	const icon = direction === 'zoomIn' ? 'plus' : direction === 'zoomOut' ? 'minus' : 'arrow';
	return (
		<button type="button" class={`pad-button ${direction}`} data-direction={direction}
			aria-label={t(`ptz.${direction}`)} title={t(`ptz.${direction}`)} aria-pressed={props.held}
			onPointerDown={(event) => {
				if (event.button !== 0) return;
				event.currentTarget.setPointerCapture?.(event.pointerId);
				feed({ kind: 'press', direction });
			}}
			onPointerUp={release} onPointerCancel={release} onLostPointerCapture={release}
			onPointerMove={(event) => {
				const box = event.currentTarget.getBoundingClientRect();
				const outside = event.clientX < box.left || event.clientX > box.right ||
					event.clientY < box.top || event.clientY > box.bottom;
				if (outside) release();
			}}
			onKeyDown={(event) => {
				if (event.key !== ' ' && event.key !== 'Enter') return;
				event.preventDefault();
				if (!event.repeat) feed({ kind: 'press', direction });
			}}
			onKeyUp={(event) => {
				if (event.key === ' ' || event.key === 'Enter') release();
			}}
			onBlur={release}
			onClick={(event) => {
				if (event.detail !== 0) return;
				feed({ kind: 'press', direction });
				setTimeout(release, NUDGE_MS);
			}}
			onContextMenu={(event) => event.preventDefault()}>
			<Icon name={icon} turn={props.turn ?? 0} />
		</button>
	);
}

export function PtzPad(props: { did: string; disabled: boolean }) {
	const { pad, words, feed } = usePad(props.did);
	const button = (direction: DirectionName, turn?: number) => (
		<PadButton key={direction} direction={direction} turn={turn ?? 0} held={pad.held === direction} feed={feed} />
	);
	return (
		<section aria-labelledby="pad-title" class="ptz">
			<h2 id="pad-title">{t('ptz.title')}</h2>
			<fieldset disabled={props.disabled} class="plain">
				<div class="pad-row" role="group" aria-label={t('ptz.title')}
					onKeyDown={(event) => {
						const direction = KEYS[event.key];
						if (!direction || event.ctrlKey || event.metaKey || event.altKey) return;
						event.preventDefault();
						if (!event.repeat) feed({ kind: 'press', direction });
					}}
					onKeyUp={(event) => {
						const direction = KEYS[event.key];
						if (direction) feed({ kind: 'release', direction });
					}}>
					<div class="ring">{RING.map(([direction, turn]) => button(direction, turn))}</div>
					<div class="zoom">{button('zoomIn')}{button('zoomOut')}</div>
				</div>
				<div class="segments" role="radiogroup" aria-label={t('ptz.speed')}>
					{SPEEDS.map((speed) => (
						<label key={speed}>
							<input type="radio" name="speed" checked={pad.speed === speed}
								onChange={() => feed({ kind: 'speed', speed })} />
							<span>{t(`ptz.speed.${speed}`)}</span>
						</label>
					))}
				</div>
			</fieldset>
			<p class="hint" role="status" data-words="ptz">
				{words ? <strong>{words}</strong> : t('ptz.hint')}
			</p>
		</section>
	);
}
