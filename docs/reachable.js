// What scrolls on a page, a long line of code or a wide equation, is reached by keyboard, too.
function makeReachable() {
    for (const part of document.querySelectorAll("article pre, .math-wrapper, .table-wrapper")) {
        const wide = part.scrollWidth > part.clientWidth || part.scrollHeight > part.clientHeight;
        if (wide) part.tabIndex = 0;
        else part.removeAttribute("tabindex");
    }
}

window.addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    makeReachable();
    window.addEventListener("resize", makeReachable);
});
