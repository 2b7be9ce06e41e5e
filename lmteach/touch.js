// One picture that is touched: an image of what stands still, an SVG of what moves, and handles.
// A handle is a point that a mouse, a finger or the arrow keys move; `at` says where each one is,
// in parts of its axes from the lower left. The kernel answers with a new SVG and a sentence.
// `save_changes` keeps one message on its way, and lets later ones overtake each other.
const WAYS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1]};
const PLAYS = ["play or pause", "stop"];  // the buttons of ipywidgets' Play have icons only
const FAST = 10;  // steps of an arrow key at once, with Shift
const GONE = "This picture has lost its kernel. Run this cell again.";
const ASKED = "First your guess: set my_guess in the cell above, and run it and this one again.";
const within = part => Math.min(1, Math.max(0, part));

function make(tag, parent, properties) {
    return parent.appendChild(Object.assign(document.createElement(tag), properties));
}

// ipywidgets' sliders have no names, and in Notebook 7 no arrow keys: both are given to them here.
function nameKnobs(explorer) {
    for (const row of explorer.querySelectorAll(".lmteach-knob")) {
        const label = row.firstElementChild?.textContent.trim();
        for (const handle of row.querySelectorAll(".noUi-handle")) {
            handle.ariaLabel = label;
            handle.dataset.lmSuppressShortcuts = "true";
        }
        for (const box of row.querySelectorAll("input")) box.ariaLabel = `${label}, exactly`;
        for (const button of row.querySelectorAll("button")) {
            const nth = [...button.parentElement.children].indexOf(button);
            const said = button.textContent.trim() || PLAYS[nth] || button.title;
            button.ariaLabel = `${label}: ${said}`;
        }
    }
}

// A view is drawn before it stands in the page, and its explorer's knobs come later still.
function watchKnobs(el, seen) {
    if (!seen.wanted) return;
    if (!el.isConnected) return requestAnimationFrame(() => watchKnobs(el, seen));
    const explorer = el.closest(".lmteach-explorer");
    if (!explorer) return;
    seen.by = new MutationObserver(changes => {
        if (changes.some(change => !el.contains(change.target))) nameKnobs(explorer);
    });
    seen.by.observe(explorer, {subtree: true, childList: true});
    nameKnobs(explorer);
}

function render({ model, el }) {
    el.classList.add("lmteach-view");
    const box = make("div", el, {className: "lmteach-picture"});
    const still = make("img", box, {draggable: false});
    const moving = make("div", box, {className: "lmteach-moving", ariaHidden: "true"});
    const show = make("button", el, {className: "lmteach-show", textContent: "Show me"});
    const said = make("p", el, {className: "lmteach-said", role: "status"});
    show.addEventListener("click", () => { model.set("veiled", false); model.save_changes(); });
    let lost = false;
    let handles = [], points = [];
    let last = model.get("answered");  // the number of the last move; earlier answers are stale
    let before = null;  // [handle, its point when it was taken up]: Escape brings it back there
    let waiting = null;  // [handle, steps]: keys pressed before the last move was answered

    function go(index, point, from) {
        points[index] = point.map(within);
        last += 1;
        model.set("held", [index, ...from, last]);
        model.set("at", [...points]);
        model.save_changes();
        placeHandles();
    }

    function pointOf(event, ground) {
        const place = ground.getBoundingClientRect();
        const across = (event.clientX - place.left) / place.width;
        return [across, (place.bottom - event.clientY) / place.height];
    }

    function nearest(event, ground) {
        const away = handle => {
            const place = handle.getBoundingClientRect();
            const [x, y] = [place.left + place.width / 2, place.top + place.height / 2];
            return Math.hypot(event.clientX - x, event.clientY - y);
        };
        const here = [...ground.children].filter(handle => !handle.hidden);
        return here.reduce((best, handle) => away(handle) < away(best) ? handle : best);
    }

    function press(event, ground) {
        if (event.button) return;
        const index = handles.indexOf(nearest(event, ground));
        ground.setPointerCapture(event.pointerId);
        handles[index].focus({preventScroll: true});
        before = [index, points[index], pointOf(event, ground)];
        go(index, before[2], before[2]);
        event.preventDefault();
    }

    function drag(event, ground) {
        if (before?.[2] && ground.hasPointerCapture(event.pointerId)) {
            go(before[0], pointOf(event, ground), before[2]);
        }
    }

    function step(index, steps) {
        const point = points[index], size = model.get("handles")[index].step;
        go(index, point.map((part, axis) => part + steps[axis] * size[axis]), point);
    }

    function onKey(event, index) {
        const way = WAYS[event.key];
        if (way) {
            if (before?.[0] !== index || before[2]) before = [index, points[index]];
            const pressed = waiting?.[0] === index ? waiting[1] : [0, 0];
            const steps = pressed.map((n, axis) => n + way[axis] * (event.shiftKey ? FAST : 1));
            waiting = [index, steps];
            stepOn();
        } else if (event.key === "Escape" && before) {
            waiting = null;
            go(before[0], before[1], before[1]);
            before = null;
        } else return;
        event.preventDefault();
        event.stopPropagation();
    }

    // A scene may put the point elsewhere, on a cell or a curve: the next step begins there.
    function stepOn() {
        if (!waiting || model.get("answered") < last) return;
        const [index, steps] = waiting;
        waiting = null;
        step(index, steps);
    }

    function groundOf(area, grounds) {
        const key = area.join();
        if (!grounds.has(key)) {
            const ground = make("div", box, {className: "lmteach-ground"});
            const [left, top, width, height] = area.map(part => `${100 * part}%`);
            Object.assign(ground.style, {left, top, width, height});
            ground.addEventListener("pointerdown", event => press(event, ground));
            ground.addEventListener("pointermove", event => drag(event, ground));
            grounds.set(key, ground);
        }
        return grounds.get(key);
    }

    function layHandles() {
        box.querySelectorAll(".lmteach-ground").forEach(ground => ground.remove());
        const grounds = new Map();
        handles = model.get("handles").map(({ label, area }, index) => {
            const handle = make("div", groundOf(area, grounds), {
                className: "lmteach-handle", tabIndex: 0, role: "slider", ariaLabel: label,
                ariaRoleDescription: "point", ariaValueMin: "0", ariaValueMax: "100",
                title: `${label}: drag, or use the arrow keys (with Shift in large steps)`,
            });
            handle.dataset.lmSuppressShortcuts = "true";  // else the notebook takes the arrow keys
            handle.addEventListener("keydown", event => onKey(event, index));
            handle.addEventListener("blur", () => { before = waiting = null; });
            return handle;
        });
        points = [...model.get("at")];
        placeHandles();
    }

    function hear() {
        if (model.get("answered") >= last) points = [...model.get("at")];
        placeHandles();
        stepOn();
    }

    function placeHandles() {
        const words = model.get("words");
        handles.forEach((handle, index) => {
            const [across, up] = points[index] ?? [-1, -1];
            handle.hidden = Math.min(across, up) < 0 || Math.max(across, up) > 1;
            Object.assign(handle.style, {left: `${100 * across}%`, bottom: `${100 * up}%`});
            handle.ariaValueNow = `${Math.round(100 * across)}`;
            handle.ariaValueText = words[index] ?? "";
        });
    }

    function layStill() {
        URL.revokeObjectURL(still.src);
        still.src = URL.createObjectURL(new Blob([model.get("background")], {type: "image/png"}));
        still.alt = model.get("alt");
    }

    function say() {
        const veiled = model.get("veiled");
        box.classList.toggle("lmteach-veiled", veiled);
        show.hidden = !veiled;
        box.inert = lost || veiled;
        said.textContent = lost ? GONE : veiled ? ASKED : model.get("said");
    }

    function lose() {
        lost = true;
        say();
        const explorer = el.closest(".lmteach-explorer");
        explorer?.classList.add("lmteach-gone");
        for (const part of explorer?.children ?? []) part.inert = !part.contains(el);
    }

    const acts = {
        background: layStill,
        handles: layHandles,
        svg: () => { moving.innerHTML = model.get("svg"); },
        at: hear,
        answered: hear,
        words: placeHandles,
        said: say,
        veiled: say,
    };
    for (const [name, act] of Object.entries(acts)) {
        model.on(`change:${name}`, act);
        act();
    }
    model.on("comm_live_update", lose);  // once a view is there, only a lost kernel tells this
    const seen = {wanted: true};
    watchKnobs(el, seen);
    return () => {
        seen.wanted = false;
        seen.by?.disconnect();
        URL.revokeObjectURL(still.src);
    };
}

export default { render };
