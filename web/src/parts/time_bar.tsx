// SPDX-License-Identifier: Apache-2.0
// A day as a bar: what was recorded, where the picture is, and the way to another moment by mouse, finger or key.
import { useEffect, useRef, useState } from 'preact/hooks';
import { join, pan, reveal, segmentAt, ticks, zoom, type Segment, type Span } from '../replay/timeline';
import { t, timeText } from '../text';
import { useWidth } from './hooks';
import { Icon } from './icon';

const HEIGHT = 76;
const TOP = 20;
const BLOCKS = 32;
const TICK_GAP_PX = 64;
const TAP_PX = 6;
const KEYS_MS: Record<string, number> = { ArrowLeft: -10000, ArrowRight: 10000, PageUp: 600000, PageDown: -600000 };

interface Props {
	day: Span;
	segments: Segment[];
	at: number;
	onPick: (at: number) => void;
}

/** Dragging moves the bar, two fingers or the wheel zoom it, and what moved no further than a tap picks a time. */
function usePointers(span: Span, setSpan: (span: Span) => void, day: Span, width: number, onTap: (at: number) => void) {
	const fingers = useRef(new Map<number, number>());
	const moved = useRef(0);
	const msPerPx = (span.to - span.from) / width;
	const atOf = (x: number) => span.from + x * msPerPx;
	const xOf = (event: PointerEvent | WheelEvent) =>
		event.clientX - (event.currentTarget as Element).getBoundingClientRect().left;
	function down(event: PointerEvent) {
		(event.currentTarget as Element).setPointerCapture(event.pointerId);
		if (fingers.current.size === 0) moved.current = 0;
		fingers.current.set(event.pointerId, xOf(event));
	}
	function move(event: PointerEvent) {
		const before = fingers.current.get(event.pointerId);
		if (before === undefined) return;
		const x = xOf(event);
		const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
		moved.current += Math.abs(x - before);
		fingers.current.set(event.pointerId, x);
		if (other !== undefined) setSpan(zoom(span, Math.abs(before - other) / Math.max(8, Math.abs(x - other)), atOf(other), day));
		else if (moved.current > TAP_PX) setSpan(pan(span, (before - x) * msPerPx, day));
	}
	function up(event: PointerEvent) {
		const isTap = fingers.current.size === 1 && moved.current <= TAP_PX && event.type === 'pointerup';
		if (fingers.current.delete(event.pointerId) && isTap) onTap(atOf(xOf(event)));
	}
	function wheel(event: WheelEvent) {
		event.preventDefault();
		const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
		setSpan(sideways ? pan(span, event.deltaX * msPerPx, day)
			: zoom(span, 1.0015 ** event.deltaY, atOf(xOf(event)), day));
	}
	return { down, move, up, wheel, atOf, xOf };
}

function Marks(props: { span: Span; day: Span; width: number; x: (at: number) => number }) {
	const marks = ticks(props.span, props.day, props.width, TICK_GAP_PX);
	const isClose = marks.length > 1 && (marks[1] as number) - (marks[0] as number) < 60000;
	return (
		<>
			{marks.map((at) => {
				const x = props.x(at);
				const isEdge = x < 18 ? 'start' : x > props.width - 18 ? 'end' : 'middle';
				return (
					<g key={at}>
						<line class="tick" x1={x} x2={x} y1={TOP + BLOCKS} y2={TOP + BLOCKS + 5} />
						<text class="tick-text" x={x} y={HEIGHT - 5} text-anchor={isEdge}>{timeText(at, isClose)}</text>
					</g>
				);
			})}
		</>
	);
}

function Pin(props: { x: number; width: number; at: number; kind: string }) {
	const edge = Math.min(Math.max(props.x, 32), props.width - 32);
	return (
		<g class={props.kind}>
			<line x1={props.x} x2={props.x} y1={TOP - 4} y2={TOP + BLOCKS + 4} />
			<text x={edge} y={TOP - 7} text-anchor="middle">{timeText(props.at)}</text>
		</g>
	);
}

export function TimeBar(props: Props) {
	const { day, segments, at, onPick } = props;
	const box = useRef<HTMLDivElement>(null);
	const paper = useRef<SVGSVGElement>(null);
	const width = useWidth(box);
	const [span, setSpan] = useState<Span>(day);
	const [hover, setHover] = useState<number | null>(null);
	const hand = usePointers(span, setSpan, day, width, onPick);
	useEffect(() => setSpan(day), [day.from]);
	useEffect(() => setSpan((old) => (old.from === day.from && old.to === day.to ? old : reveal(old, at, day))), [at]);
	useEffect(() => {
		// A wheel listener of preact is passive in some browsers, and then the page would scroll along.
		const listen = (event: WheelEvent) => hand.wheel(event);
		paper.current?.addEventListener('wheel', listen, { passive: false });
		return () => paper.current?.removeEventListener('wheel', listen);
	});
	const x = (time: number) => ((time - span.from) / (span.to - span.from)) * width;
	const clamp = (time: number) => Math.min(Math.max(time, day.from), day.to - 1000);

	function key(event: KeyboardEvent) {
		const step = (KEYS_MS[event.key] ?? 0) * (event.shiftKey && event.key.startsWith('Arrow') ? 6 : 1);
		if (step) onPick(clamp(at + step));
		else if (event.key === 'Home' && segments[0]) onPick(segments[0].start);
		else if (event.key === 'End' && segments.length) onPick(clamp((segments[segments.length - 1] as Segment).end - 10000));
		else if (event.key === '+' || event.key === '=') setSpan(zoom(span, 0.5, at, day));
		else if (event.key === '-') setSpan(zoom(span, 2, at, day));
		else if (event.key === 'Enter') onPick(at);
		else return;
		event.preventDefault();
	}
	const text = t(segmentAt(segments, at) ? 'replay.at' : 'replay.gap', { time: timeText(at) });
	return (
		<div class="time-bar" ref={box}>
			<svg ref={paper} width={width} height={HEIGHT} tabindex={0} role="slider" aria-label={t('replay.bar')}
				aria-valuemin={Math.round(day.from / 1000)} aria-valuemax={Math.round(day.to / 1000)}
				aria-valuenow={Math.round(at / 1000)} aria-valuetext={text} aria-describedby="time-bar-help"
				data-from={span.from} data-to={span.to} onKeyDown={key} onPointerDown={hand.down}
				onPointerUp={hand.up} onPointerCancel={hand.up} onPointerLeave={() => setHover(null)}
				onPointerMove={(event) => {
					hand.move(event);
					setHover(event.pointerType === 'mouse' ? hand.atOf(hand.xOf(event)) : null);
				}}>
				<rect class="track" x={0} y={TOP} width={width} height={BLOCKS} rx={6} />
				{join(segments).filter((one) => one.end > span.from && one.start < span.to).map((one) => {
					const from = Math.max(0, x(one.start));
					return <rect key={one.start} class={`block type-${one.type}`} data-start={one.start} x={from} y={TOP}
						height={BLOCKS} width={Math.max(2, Math.min(width, x(one.end)) - from)} />;
				})}
				<Marks span={span} day={day} width={width} x={x} />
				{hover !== null && <Pin kind="hover" x={x(hover)} width={width} at={hover} />}
				{at >= span.from && at <= span.to && <Pin kind="cursor" x={x(at)} width={width} at={at} />}
			</svg>
			<p id="time-bar-help" class="sr">{t('replay.bar.help')}</p>
			<div class="zooms">
				<ul class="legend">
					{[1, 2].filter((type) => segments.some((one) => one.type === type)).map((type) =>
						<li key={type} class={`type-${type}`}>{t(`replay.type.${type as 1 | 2}`)}</li>)}
				</ul>
				<button type="button" class="icon" aria-label={t('replay.zoom.out')} title={t('replay.zoom.out')}
					onClick={() => setSpan(zoom(span, 2, at, day))}><Icon name="minus" /></button>
				<button type="button" class="icon" aria-label={t('replay.zoom.in')} title={t('replay.zoom.in')}
					onClick={() => setSpan(zoom(span, 0.5, at, day))}><Icon name="plus" /></button>
				<button type="button" class="quiet" onClick={() => setSpan(day)}>{t('replay.zoom.day')}</button>
			</div>
		</div>
	);
}
