// SPDX-License-Identifier: Apache-2.0
// Values over time as lines or dots, with axes for the eye and the values under the pointer or the arrow keys in words.
import { useRef, useState } from 'preact/hooks';
import { axis, nearest, timeMarks } from '../streams/scale';
import { t, timeText } from '../text';
import { useWidth } from './hooks';

export interface Point {
	at: number;
	value: number;
	/** What this one point is about. */
	note?: string;
}

export interface Series {
	name: string;
	kind: 'first' | 'second';
	points: Point[];
}

interface Props {
	title: string;
	series: Series[];
	from: number;
	to: number;
	text: (value: number) => string;
	isWhole?: boolean;
	asDots?: boolean;
	empty: string;
}

const HEIGHT = 168;
const EDGE = { right: 12, top: 10, bottom: 24 };
const LETTER_PX = 7;
const ROWS = 4;
const MARK_PX = 90;

function path(points: Point[], x: (at: number) => number, y: (value: number) => number): string {
	return points.map((point, i) => `${i ? 'L' : 'M'}${x(point.at).toFixed(1)} ${y(point.value).toFixed(1)}`).join('');
}

function Axes(props: { values: number[]; left: number; width: number; y: (value: number) => number; x: (at: number) => number;
	from: number; to: number; text: (value: number) => string }) {
	const { left, width, x, y } = props;
	const marks = timeMarks(props.from, props.to, Math.max(1, (width - left) / MARK_PX));
	const isShort = props.to - props.from < 5 * 60000;
	return (
		<g class="axes">
			{props.values.map((value) => (
				<g key={value}>
					<line x1={left} x2={width - EDGE.right} y1={y(value)} y2={y(value)} />
					<text x={left - 8} y={y(value) + 4} text-anchor="end">{props.text(value)}</text>
				</g>
			))}
			{marks.map((at) => (
				<text key={at} x={Math.min(Math.max(x(at), left), width - EDGE.right - 24)} y={HEIGHT - 6} text-anchor="middle">
					{timeText(at, isShort)}
				</text>
			))}
		</g>
	);
}

function latest(series: Series[], text: (value: number) => string): string {
	return series.map((one) => {
		const last = one.points[one.points.length - 1];
		return last ? t('plot.now', { name: one.name, value: text(last.value) }) : '';
	}).filter(Boolean).join(', ');
}

export function Plot(props: Props) {
	const { series, from, text } = props;
	const box = useRef<HTMLDivElement>(null);
	const width = useWidth(box);
	const [chosen, setChosen] = useState<number | null>(null);
	const to = Math.max(props.to, from + 10000);
	const leader = series.find((one) => one.points.length > 0)?.points ?? [];
	const values = axis(Math.max(0, ...series.flatMap((one) => one.points.map((point) => point.value))), ROWS, props.isWhole);
	const top = values[values.length - 1] || 1;
	const left = 12 + LETTER_PX * Math.max(3, ...values.map((value) => text(value).length));
	const x = (at: number) => left + ((at - from) / (to - from)) * (width - left - EDGE.right);
	const y = (value: number) => HEIGHT - EDGE.bottom - (value / top) * (HEIGHT - EDGE.top - EDGE.bottom);
	const under = chosen === null ? undefined : leader[nearest(leader, chosen)];

	function move(event: PointerEvent) {
		const edge = (event.currentTarget as Element).getBoundingClientRect().left + left;
		setChosen(from + ((event.clientX - edge) / (width - left - EDGE.right)) * (to - from));
	}
	function key(event: KeyboardEvent) {
		const by = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
		if (!by || leader.length === 0) return;
		event.preventDefault();
		const index = under ? leader.indexOf(under) + by : leader.length - 1;
		setChosen(leader[Math.min(Math.max(index, 0), leader.length - 1)]?.at ?? null);
	}
	return (
		<figure class="plot">
			<figcaption>
				<span class="title">{props.title}</span>
				{series.map((one) => {
					const point = under ? one.points[nearest(one.points, under.at)] : one.points[one.points.length - 1];
					return point && (
						<span key={one.name} class={`value ${one.kind}`}>
							{series.length > 1 && `${one.name} `}<strong>{text(point.value)}</strong>
							{under && point.note && ` ${point.note}`}
						</span>
					);
				})}
				{under && <time>{timeText(under.at)}</time>}
			</figcaption>
			<div ref={box}>
				{leader.length === 0 ? <p class="plot-empty">{props.empty}</p>
					: <svg width={width} height={HEIGHT} tabindex={0} role="img"
						aria-label={`${props.title}. ${latest(series, text)}`} onPointerMove={move} onPointerDown={move}
						onPointerLeave={() => setChosen(null)} onBlur={() => setChosen(null)} onKeyDown={key}>
						<Axes values={values} left={left} width={width} x={x} y={y} from={from} to={to} text={text} />
						{!props.asDots && series.map((one) =>
							<path key={one.name} class={`line ${one.kind}`} d={path(one.points, x, y)} />)}
						{props.asDots && series.map((one) => one.points.map((point) =>
							<circle key={`${point.at} ${point.note}`} class={`dot-mark ${one.kind}`} cx={x(point.at)} cy={y(point.value)} r={4} />))}
						{under && <line class="under" x1={x(under.at)} x2={x(under.at)} y1={EDGE.top} y2={HEIGHT - EDGE.bottom} />}
						{under && series.map((one) => {
							const point = one.points[nearest(one.points, under.at)];
							return point && <circle key={one.name} class={`dot-mark ${one.kind}`} cx={x(point.at)} cy={y(point.value)} r={4} />;
						})}
					</svg>}
			</div>
		</figure>
	);
}
