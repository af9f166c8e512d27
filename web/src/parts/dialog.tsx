// SPDX-License-Identifier: Apache-2.0
// A modal dialog: the browser's own, so focus, Escape and screen readers behave as people expect.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../text';
import { Icon } from './icon';

export function Dialog(props: { title: string; onClose: () => void; look?: string; children: ComponentChildren }) {
	const box = useRef<HTMLDialogElement>(null);
	useEffect(() => {
		const dialog = box.current;
		if (dialog && !dialog.open) dialog.showModal();
		return () => dialog?.close();
	}, []);
	return (
		<dialog ref={box} class={props.look} aria-labelledby="dialog-title" onClose={props.onClose}>
			<header>
				<h2 id="dialog-title">{props.title}</h2>
				<button type="button" class="icon" aria-label={t('app.close')} onClick={props.onClose}>
					<Icon name="close" />
				</button>
			</header>
			{props.children}
		</dialog>
	);
}

/** Asks before something that cannot be taken back. */
export function Confirm(props: { title: string; question: string; action: string; busy?: boolean;
	failure?: string; onYes: () => void; onNo: () => void }) {
	return (
		<Dialog title={props.title} onClose={props.onNo}>
			<p>{props.question}</p>
			<Failure text={props.failure} />
			<div class="actions">
				<button type="button" onClick={props.onNo}>{t('app.cancel')}</button>
				<button type="button" class="danger" disabled={props.busy} onClick={props.onYes}>{props.action}</button>
			</div>
		</Dialog>
	);
}

export function Failure(props: { text?: string | undefined }) {
	return props.text ? <p class="failure" role="alert">{props.text}</p> : null;
}
