// SPDX-License-Identifier: Apache-2.0
// What a person with poor sight, a keyboard or a thumb needs, measured in the page.

/** Problems of the page as it stands: controls without a name, small targets, weak contrast. Empty when it is fine. */
export function barriers(page, { targetPx }) {
	return page.evaluate((least) => {
		const found = [];
		const numbers = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
		const isSeen = (element) => {
			const box = element.getBoundingClientRect();
			return box.width > 1 && box.height > 1 && element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
		};
		function behind(element) {
			for (let at = element; at; at = at.parentElement) {
				const [r, g, b, a = 1] = numbers(getComputedStyle(at).backgroundColor);
				if (a === 1) return [r, g, b];
				if (a > 0) return null; // half transparent over a picture: not for a formula
			}
			return [255, 255, 255];
		}
		function light([r, g, b]) {
			const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
			return 0.2126 * x + 0.7152 * y + 0.0722 * z;
		}
		function nameOf(element) {
			const label = element.labels?.length ? [...element.labels].map((one) => one.textContent).join(' ') : '';
			const named = element.getAttribute('aria-labelledby');
			return [element.getAttribute('aria-label'), named && document.getElementById(named)?.textContent, label,
				element.textContent, element.title].find((text) => text?.trim());
		}
		const scope = document.querySelector('dialog[open]') ?? document.body;
		for (const control of scope.querySelectorAll('button, input, select, a[href], video, [role=tab]')) {
			if (!nameOf(control)) found.push(`no name: ${control.outerHTML.slice(0, 100)}`);
			const box = (control.closest('label') ?? control).getBoundingClientRect();
			const isInText = control.matches('p a');
			if (isSeen(control) && !isInText && control.matches('button, a') && box.height < least)
				found.push(`only ${box.height} px high: ${control.outerHTML.slice(0, 100)}`);
		}
		const texts = document.createTreeWalker(scope, NodeFilter.SHOW_TEXT);
		for (let node = texts.nextNode(); node; node = texts.nextNode()) {
			const element = node.parentElement;
			if (!node.textContent.trim() || !isSeen(element) || element.closest(':disabled, script, style, .sr, option')) continue;
			const back = behind(element);
			if (!back) continue;
			const pair = [light(numbers(getComputedStyle(element).color)), light(back)].sort((one, other) => other - one);
			const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
			if (contrast < 4.5) found.push(`contrast ${contrast.toFixed(2)}: ${node.textContent.trim().slice(0, 60)}`);
		}
		return [...new Set(found)];
	}, targetPx);
}

/** What the Tab key reaches in order, as the names of the controls, from the top of the page. */
export async function tabOrder(page, most) {
	const order = [];
	await page.evaluate(() => document.activeElement?.blur());
	for (let i = 0; i < most; i++) {
		await page.keyboard.press('Tab');
		order.push(await page.evaluate(() => {
			const at = document.activeElement;
			return (at.getAttribute('aria-label') || at.labels?.[0]?.textContent || at.innerText || at.tagName).trim();
		}));
	}
	return order;
}
