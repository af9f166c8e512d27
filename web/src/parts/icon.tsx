// SPDX-License-Identifier: Apache-2.0
// Line icons on a 24 grid. They decorate; the words are in the button's label.

const paths = {
	close: 'M6 6l12 12M18 6L6 18',
	back: 'M15 5l-7 7 7 7',
	next: 'M9 5l7 7-7 7',
	search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.500 4.500',
	plus: 'M12 5v14M5 12h14',
	minus: 'M5 12h14',
	file: 'M12 15V4M8 8l4-4 4 4M5 15v4h14v-4',
	arrow: 'M12 19V6M6 11l6-6 6 6',
	share: 'M9 12h6M10 8H8a4 4 0 0 0 0 8h2M14 8h2a4 4 0 0 1 0 8h-2',
	full: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
	sound: 'M4 10v4h3l5 4V6L7 10zM16 9a4 4 0 0 1 0 6M18.500 6.500a8 8 0 0 1 0 11',
	mute: 'M4 10v4h3l5 4V6L7 10zM16 9.500l5 5M21 9.500l-5 5',
	bin: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
	pencil: 'M4 20l1-5L16 4l4 4L9 19z',
	grid: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
	camera: 'M4 8h4l2-3h4l2 3h4v11H4zM12 10a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z',
	down: 'M12 4v11M8 11l4 4 4-4M5 15v4h14v-4',
	play: 'M8 5l11 7-11 7z',
	pause: 'M9 5v14M15 5v14',
	rewind: 'M11 6l-7 6 7 6zM20 6l-7 6 7 6z',
	forward: 'M4 6l7 6-7 6zM13 6l7 6-7 6z',
	first: 'M6 5v14M19 5l-9 7 9 7z',
	last: 'M18 5v14M5 5l9 7-9 7z',
	out: 'M14 5H5v14h9M10 12h10M17 8l4 4-4 4',
} as const;

export type IconName = keyof typeof paths;

export function Icon(props: { name: IconName; turn?: number }) {
	return (
		<svg class="glyph" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
			<path d={paths[props.name]} transform={props.turn ? `rotate(${props.turn} 12 12)` : undefined} />
		</svg>
	);
}

export function Mark() {
	return (
		<svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
			<rect width="32" height="32" rx="8" />
			<path d="M5 16c3-5 7-7.500 11-7.500S24 11 27 16c-3 5-7 7.500-11 7.500S8 21 5 16z" />
			<circle cx="16" cy="16" r="3.600" />
		</svg>
	);
}
