// SPDX-License-Identifier: Apache-2.0
// A text to take away, with a copy button that also works where the clipboard API is not offered (plain http).
import { useRef, useState } from 'preact/hooks';
import { t } from '../text';

export function CopyField(props: { label: string; value: string; name: string }) {
	const field = useRef<HTMLInputElement>(null);
	const [copied, setCopied] = useState(false);

	async function copy() {
		field.current?.select();
		try {
			await navigator.clipboard.writeText(props.value);
			setCopied(true);
		} catch {
			setCopied(document.execCommand('copy'));
		}
	}
	return (
		<label class="field">
			<span>{props.label}</span>
			<span class="copy">
				<input ref={field} name={props.name} class="mono" readOnly value={props.value}
					onFocus={(event) => event.currentTarget.select()} />
				<button type="button" onClick={copy} aria-live="polite">
					{copied ? t('app.copied') : t('app.copy')}
				</button>
			</span>
		</label>
	);
}
