"""A control's widgets: a slider, the buttons Back and Next, and a text box."""

import math
from bisect import bisect_left, bisect_right
from html import escape

import ipywidgets
from matplotlib.ticker import MaxNLocator

ROW = {"flex_flow": "row wrap", "align_items": "center"}
LABEL = {"max_width": "100%", "margin": "2px 8px 2px 2px"}
BUTTON = {"width": "auto"}
SLIDER = {"flex": "1 1 120px", "width": "auto", "max_width": "270px"}  # it gives way first
BOX = {"width": "9em"}
WIDE = {"description_width": "initial"}
PLAY_EVERY, PLAY_LEAST = 500, 100  # milliseconds between two stops, if they are few or many
PLAY_WITHIN = 20_000  # milliseconds for all of them
# On a projector, in sizes of its text: a line of controls; a letter; what is around a button's
# words; a slider, as narrow as it gets, with its buttons and box; play and stop.
LINE, LETTER, AROUND, SLIDES, PLAYS = 37, 0.58, 1.1, 22.5, 6.6
N_STOPS = 50  # about so many from one end of a slider to the other


class Knob(ipywidgets.HBox):
    """The widgets of one control: a slider, the buttons Back and Next, and a text box.

    The slider counts `stops`, since one that counted in numbers would round what is typed. A choice
    is a row of buttons; a control with `play` has play, pause and stop beside its slider. Widgets
    that do not fit go to the next line, so that a long label squeezes nothing.
    """

    def __init__(self, control, value, turned):
        self.control, self.value, self.stops, self._turned = (
            control,
            value,
            stops_of(control),
            turned,
        )
        parts = [ipywidgets.HTML(escape(control.label), layout=LABEL)]
        if control.names:
            parts += [self._choice()]
        else:
            parts += [self._slider(), *self._buttons(), self._box()]
        self.slider.observe(lambda change: self._slid(change.new), "value")
        if control.play:
            parts += [self._player()]
        super().__init__(parts, layout=ROW)
        self.add_class("lmteach-knob")  # by which the page finds it, and names its parts

    def turn(self, value):
        """Set the value, and tell of it."""
        if value != self.value:
            self.show(value)
            self._turned(value)

    def show(self, value):
        """Set the value, on the slider and in the box too; these call back, and find it set."""
        self.value = value
        self.slider.value = self._position(value)
        if not self.control.names:
            self.box.value = value

    def _position(self, value):
        return min(bisect_left(self.stops, value), len(self.stops) - 1)

    def _slid(self, position):
        if position != self._position(self.value):
            self.turn(self.stops[position])

    def _choice(self):
        options = [(name, i) for i, name in enumerate(self.control.names)]
        wide = {"button_width": "auto"}
        self.slider = ipywidgets.ToggleButtons(options=options, value=self.value, style=wide)
        return self.slider

    def _slider(self):
        look = {"readout": False, "tooltip": self.control.label, "layout": SLIDER}
        last, here = len(self.stops) - 1, self._position(self.value)
        self.slider = ipywidgets.IntSlider(here, min=0, max=last, **look)
        return self.slider

    def _buttons(self):
        self.back = button("Back", f"{self.control.label}: one step back")
        self.next = button("Next", f"{self.control.label}: one step on")
        self.back.on_click(lambda _: self._step_to(bisect_left(self.stops, self.value) - 1))
        self.next.on_click(lambda _: self._step_to(bisect_right(self.stops, self.value)))
        return self.back, self.next

    def _step_to(self, position):
        self.turn(self.stops[min(max(position, 0), len(self.stops) - 1)])

    def _box(self):
        look = {"description": "exactly", "tooltip": self.control.label, "layout": BOX}
        look |= {"style": WIDE, "step": None}
        ends = {"min": self.control.low, "max": self.control.high}
        # A box for whole numbers would swallow the point, and read 2.5 as 25.
        self.box = ipywidgets.BoundedFloatText(self.value, **ends, **look)
        self.box.observe(lambda change: self._typed(change.new), "value")
        return self.box

    def _typed(self, number):
        self.turn(round(number) if self.control.whole else number)
        self.box.value = self.value

    def _player(self):
        """Return play, pause and stop.

        The browser counts; while the kernel is busy it keeps only the last count.
        """
        last = len(self.stops) - 1
        every = min(PLAY_EVERY, max(PLAY_LEAST, PLAY_WITHIN // last)) if last else PLAY_EVERY
        look = {"interval": every, "show_repeat": False}
        self.play = ipywidgets.Play(self.slider.value, min=0, max=last, **look)
        ipywidgets.link((self.slider, "value"), (self.play, "value"))
        return self.play


def lines(control):
    """Return how many lines a control's widgets take on a projector."""
    label = LETTER * len(control.label)
    if control.names:
        buttons = sum(LETTER * len(name) + AROUND for name in control.names)
        return 1 if label + buttons < LINE - 1 else 1 + math.ceil(buttons / (LINE - 1))
    return math.ceil((label + SLIDES + PLAYS * control.play) / LINE)


def button(words, tooltip):
    return ipywidgets.Button(description=words, tooltip=tooltip, layout=BUTTON)


def stops_of(control):
    """Return where a slider stops: at its ends, its start, and round numbers between them.

    It stops at every whole number if the control is whole.
    """
    low, high = control.low, control.high
    if control.whole:
        return list(range(int(low), int(high) + 1))
    ends = (math.log10(low), math.log10(high)) if control.log else (low, high)
    ticks = MaxNLocator(N_STOPS, steps=(1, 2, 5, 10)).tick_values(*ends)
    between = (float(f"{10**tick:.3g}" if control.log else f"{tick:.10g}") for tick in ticks)
    return sorted({low, control.start, high, *(stop for stop in between if low < stop < high)})
