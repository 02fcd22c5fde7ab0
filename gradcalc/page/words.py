"""Every word of the page, in English and in Chinese, side by side.

What is in braces is filled in: by ``Words.say``, or by ``page.js`` in what it shows. PyTorch's own
messages are not translated; what the shell says is, by ``page/shell.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gradcalc.page.punctuation import full_width
from gradcalc.page.shell import in_chinese

LANGUAGES = ("en", "zh")

_NUMBERED = re.compile(r"(?<=^[A-Za-z])\d+$")
_LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Words(NamedTuple):
    """The words of one language."""

    language: str

    def say(self, key: str, **filled: object) -> str:
        text = TABLE[key][LANGUAGES.index(self.language)]
        text = full_width(text) if self.language == "zh" else text
        return text.format(**filled) if filled else text

    def of_outputs(self, key: str, names: Sequence[str]) -> str:
        """What is said of outputs by name; digits behind a letter are written as mathematics has
        them, f₁ for f1."""
        written = [_NUMBERED.sub(lambda found: found[0].translate(_LOW), name) for name in names]
        return self.say(key, f=", ".join(written), one=written[0], two=written[-1])

    def of_shell(self, text: str) -> str:
        """What the shell says of an answer, or of a point."""
        return in_chinese(text) if self.language == "zh" else text

    def of_script(self) -> dict[str, str]:
        """What ``page.js`` says."""
        return {key: self.say(key) for key in TABLE if key.startswith("js_")}


TABLE: dict[str, tuple[str, str]] = {
    # --- the head -----------------------------------------------------------------------------
    "title": ("What is v in backward(v)?", "backward(v) 里的 v 是什么?"),
    "lead": (
        "v has one weight for each output. y = f(x) holds the outputs f₁, f₂, …; y.backward(v) "
        "differentiates one number, the weighted sum Σ = v₁·f₁ + v₂·f₂ + …, and leaves in x.grad "
        "its slopes ∂Σ/∂x, which are vᵀ·J. That is not J itself, the Jacobian, which has all "
        "slopes ∂f/∂x, a row for each output: v = (1, 0) picks its first row, (0, 1) its second, "
        "(1, 1) adds them up.",
        "v 给每个输出一个权重。y = f(x) 由各个输出 f₁, f₂, … 组成;y.backward(v) 只对一个数求导,"
        "即加权和 Σ = v₁·f₁ + v₂·f₂ + …,并把它的偏导数 ∂Σ/∂x,也就是 vᵀ·J,放进 x.grad。"
        "那不是 J 本身:雅可比矩阵 J 包含所有偏导数 ∂f/∂x,每个输出一行。v = (1, 0) 取出 J 的第一行,"
        "(0, 1) 取出第二行,(1, 1) 把两行相加。",
    ),
    "choose": ("Expressions", "表达式"),
    "yours": ("Your expression", "你的表达式"),
    "skip": ("Skip to the answer", "跳到答案"),
    # --- the expression and what one can move -------------------------------------------------
    "expression": ("The expression", "表达式"),
    "text": ("as typed", "输入的原文"),
    "outputs": (
        "The outputs, y = {names}, and the sum that is differentiated",
        "各个输出 y = {names},以及被求导的和",
    ),
    "too_long": (
        "The formulas are too long for a page: gradcalc jacobian EXPR writes them.",
        "公式太长,不宜放在页面上:用 gradcalc jacobian EXPR 可以写出来。",
    ),
    "hand": ("Move the point and v", "移动点和 v"),
    "point": ("The point x", "点 x"),
    "weights": ("The gradient argument v", "参数 v(gradient)"),
    "presets": ("Choose", "选择"),
    "reset": ("Back to the start", "回到起点"),
    "js_weight_of": ("v for {name}", "{name} 的 v"),
    "js_slider": ("{name}, slider", "{name},滑块"),
    "js_not_a_number": ("{text} is not a number", "{text} 不是数字"),
    "js_fixed": (
        "The point cannot be moved here: {why}. Everything else works.",
        "这里不能移动点:{why}。其余功能都可用。",
    ),
    # --- the answer ---------------------------------------------------------------------------
    "answer": ("What backward(v) leaves in x.grad", "backward(v) 留在 x.grad 里的结果"),
    "product": ("vᵀ · J = x.grad", "vᵀ · J = x.grad"),
    "product_said": (
        "Every row of J times its weight, added up:",
        "J 的每一行乘以它的权重,再相加:",
    ),
    "jacobian": ("J, a row for each output", "J,每个输出一行"),
    "weight": ("v", "v"),
    "value": ("value", "值"),
    "slopes": ("The slopes of the sum, as formulas", "加权和的偏导数公式"),
    "checked_by": (
        "sympy, mpmath and Arb compute the same numbers by other ways. exact: no digit differs; "
        "ulp: the step from one double to the next; proven: enclosed by Arb's intervals.",
        "sympy、mpmath 和 Arb 用别的方法计算同样的数。完全相同:没有一位不同;"
        "ulp:相邻两个双精度数之差;已证明:由 Arb 的区间算术证明。",
    ),
    "verdict": ("Can the numbers be trusted?", "这些数字可信吗?"),
    "unchecked": (
        "Not checked: the page was made with --no-check.",
        "未检验:生成本页时使用了 --no-check。",
    ),
    "lost": ("Digits are lost here", "这里丢失了有效数字"),
    "undefined": ("There is no finite number at this point", "在这一点没有有限的值"),
    "of_the_shell": (
        "As on the shell, for the point and the v that this begins with:",
        "与命令行相同,针对开始时的点和 v:",
    ),
    # --- the steps ----------------------------------------------------------------------------
    "steps": ("Forward, then backward, step by step", "先前向,再反向,一步一步看"),
    "steps_said": (
        "Forward, from the top: every part of the expression gets its value (blue). Backward, from "
        "the bottom: a part's cotangent (orange) is the slope of Σ by that part, and for Σ itself "
        "1. Every part passes cotangent × slope (on the line) on to what it is made of, and what "
        "arrives at the same place is added up. "
        "Keys: ← and → one step, Home and End, space plays.",
        "前向,自上而下:表达式的每个部分得到它的值(蓝色)。反向,自下而上:一个部分的伴随值(橙色)是 Σ "
        "对该部分的偏导数,Σ 自己的是 1。每个部分把「伴随值 × 线上的斜率」传给组成它的部分,"
        "到达同一处的贡献相加。按键:← 和 → 走一步,Home 和 End 到两端,空格播放。",
    ),
    "graph_name": ("The graph of the expression, inputs above", "表达式的计算图,输入在上"),
    "graph_scroll": ("The graph; it scrolls sideways", "计算图;可以横向滚动"),
    "player": ("The player", "播放器"),
    "first": ("First step", "第一步"),
    "back": ("One step back", "上一步"),
    "js_play": ("Play", "播放"),
    "js_pause": ("Pause", "暂停"),
    "next": ("Next step", "下一步"),
    "last": ("Last step", "最后一步"),
    "scrub": ("Step", "步骤"),
    "all_steps": ("All steps as text, a list that scrolls", "所有步骤的文字(可滚动)"),
    "js_whole": (
        "all {n} steps are done; Play, or « and ›, goes through them",
        "全部 {n} 步已完成;按「播放」,或 « 和 ›,可以逐步查看",
    ),
    "js_at_step": ("{k} of {n}, {what}: {text}", "第 {k} / {n} 步,{what}:{text}"),
    "js_forward": ("forward", "前向"),
    "js_backward": ("backward", "反向"),
    # --- PyTorch ------------------------------------------------------------------------------
    "torch": ("The same in PyTorch", "在 PyTorch 里"),
    "torch_said": (
        "x.grad adds up call after call until it is emptied. The first backward frees the graph, "
        "what the forward pass has saved for it, unless retain_graph=True keeps it.",
        "x.grad 会一次次累加,直到被清空。第一次 backward 就释放计算图(前向时为它保存的值),"
        "除非用 retain_graph=True 保留。",
    ),
    "js_no_call": (
        "no call yet: press y.backward(v)",
        "还没有调用:请按 y.backward(v)",
    ),
    "js_stale": (
        "from the calls so far; v is {v} now: press y.backward(v)",
        "来自此前的调用;现在 v 是 {v}:请按 y.backward(v)",
    ),
    "js_no_code": (
        "PyTorch lacks a function of this expression, so there is no code to copy.",
        "这个表达式里有 PyTorch 没有的函数,因此没有可复制的代码。",
    ),
    "code_head": (
        "The code, to copy; it follows the buttons",
        "代码,可以复制;随按钮而变",
    ),
    "copy": ("Copy", "复制"),
    "js_copied": ("Copied", "已复制"),
    "forward_again": ("y = f(x) again", "重新计算 y = f(x)"),
    "empty": ("x.grad = None (zero_grad)", "x.grad = None(zero_grad)"),
    "js_new_leaf": (
        "a new point is a new tensor: x.grad is None, y is computed again",
        "换了点就是新的张量:x.grad 是 None,y 重新计算",
    ),
    "js_fresh": ("y is computed again: there is a graph again", "y 已重新计算:又有计算图了"),
    "js_emptied": ("x.grad is None", "x.grad 是 None"),
    "js_give_v": (
        "What to do: y has several outputs, so say how much each counts: y.backward(v).",
        "怎么办:y 有多个输出,请说明每个输出占多少:y.backward(v)。",
    ),
    "js_what_to_do": (
        "What to do: tick retain_graph=True in the call before, or compute y again. "
        "(x.grad is as it was.)",
        "怎么办:在前一次调用中勾选 retain_graph=True,或者重新计算 y。(x.grad 保持不变。)",
    ),
    # --- the tutorial -------------------------------------------------------------------------
    "tutorial_mean": ("Tutorial 1: one number", "教程一:标量"),
    "tutorial_mean_said": (
        "One output, {f}: backward() needs no argument, for v = (1) is the only choice that "
        "changes nothing. x.grad is (15, 18).",
        "只有一个输出 {f}:backward() 不需要参数,因为 v = (1) 什么也不改变。x.grad 是 (15, 18)。",
    ),
    "tutorial_apart": ("Tutorial 2: outputs apart", "教程二:互不耦合"),
    "tutorial_apart_said": (
        "({f}) = (m₁², m₂³). The tutorial hands the variables' own values to backward: v = (2, 3), "
        "so x.grad is (2·4, 3·27) = (8, 81). With v = (1, 1) it is (4, 27), which looks like the "
        "derivatives because every variable is in one output only; it is still the gradient of "
        "the sum of both.",
        "({f}) = (m₁², m₂³)。教程把变量自己的值传给 backward:v = (2, 3),所以 x.grad 是 "
        "(2·4, 3·27) = (8, 81)。取 v = (1, 1) 得 (4, 27),看上去就是各个导数,"
        "那只是因为每个变量只出现在一个输出里;它仍然是两者之和的梯度。",
    ),
    "tutorial_coupled": ("Tutorial 3: outputs coupled", "教程三:相互耦合"),
    "tutorial_coupled_said": (
        "({f}) = (x₁²+3x₂, x₂²+2x₁). With v = (1, 1) x.grad is (6, 9), the column sums of J. Two "
        "calls, (1, 0) and (0, 1), give its rows.",
        "({f}) = (x₁²+3x₂, x₂²+2x₁)。v = (1, 1) 时 x.grad 是 (6, 9),即 J 的各列之和。"
        "(1, 0) 和 (0, 1) 两次调用给出它的两行。",
    ),
    "tutorial_transposed": (
        "The tutorial prints [[4, 2], [3, 6]] for the Jacobian at its end. That is the transpose: "
        "∂{one}/∂x₂ = 3 belongs into row 1, and ∂{two}/∂x₁ = 2 into row 2. Its own code, run, "
        "prints [[4, 3], [2, 6]], and so does its calculation by hand.",
        "教程最后把雅可比矩阵印成 [[4, 2], [3, 6]]。那是转置:∂{one}/∂x₂ = 3 应在第 1 行,"
        "∂{two}/∂x₁ = 2 应在第 2 行。教程自己的代码运行后输出 [[4, 3], [2, 6]],"
        "与它的手工计算一致。",
    ),
    "tutorial_printed": ("as the tutorial prints it", "教程印出的矩阵"),
    "tutorial_right": ("as it is", "正确的矩阵"),
    # --- the lesson on the terminal ------------------------------------------------------------
    "lesson_ones": (
        "With ones the answer looks like the derivatives. It is the gradient of n₁ + n₂, and only "
        "because no variable is in both outputs does each of its entries have one term.",
        "传入全 1,结果看起来就是各个导数。它其实是 n₁ + n₂ 的梯度,只因没有变量同时出现在两个输出里,"
        "每个分量才只有一项。",
    ),
    "lesson_steps": (
        "Where 6 and 9 come from: backward starts at Σ with 1, and every part passes on cotangent "
        "× slope; what arrives at the same variable is added up.",
        "6 和 9 从哪里来:backward 从 Σ 处的 1 开始,每个部分把「伴随值 × 斜率」传下去,"
        "到达同一个变量的贡献相加。",
    ),
    "lesson_rows": (
        "To get the Jacobian itself, ask once for each row. The graph has to be kept for the "
        "second call (retain_graph=True), and x.grad emptied between them, for it adds up.",
        "要得到雅可比矩阵本身,就每行各问一次。第二次调用需要保留计算图(retain_graph=True),"
        "两次之间要清空 x.grad,因为它会累加。",
    ),
    "lesson_again": (
        "Without retain_graph=True the second call fails, for the first one has freed what it had "
        "saved. What to do: keep the graph, or compute k again.",
        "没有 retain_graph=True,第二次调用就会失败,因为第一次已经释放了保存的值。"
        "怎么办:保留计算图,或者重新计算 k。",
    ),
    "lesson_end": (
        "So: v is one weight for each output, and x.grad is vᵀ·J, the gradient of the weighted "
        "sum. Of your own expression: gradcalc vjp EXPR --at … --v …, gradcalc explain, gradcalc "
        "page.",
        "总之:v 给每个输出一个权重,x.grad 是 vᵀ·J,即加权和的梯度。换成你自己的表达式:"
        "gradcalc vjp EXPR --at … --v …,gradcalc explain,gradcalc page。",
    ),
    "lesson_next": ("any key: on; q: end", "任意键:继续;q:结束"),
    # --- the foot -----------------------------------------------------------------------------
    "foot": (
        "Made by gradcalc {version} with: {command}",
        "由 gradcalc {version} 生成,命令:{command}",
    ),
    "without_script": (
        "Without JavaScript this page shows the answer at the point it was made for.",
        "没有 JavaScript 时,本页显示生成它时那一点的答案。",
    ),
}
