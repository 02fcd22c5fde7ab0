"""What the shell says of an answer (its verdict, notes and errors), in the language of the page.

``SENTENCES`` has what is said, with places for what is filled in, and the same in Chinese. What no
row has is left as it is: names, numbers and the reader's own text are the same in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from gradcalc.page.punctuation import full_width

SENTENCES: tuple[tuple[str, str], ...] = (
    # --- a verdict ------------------------------------------------------------------------------
    ("not checked: {why*}", "未检验:{why*}"),
    (
        "{mark!} proven: every digit of {what*} (Arb, {n} bits)",
        "{mark} 已证明:{what*}的每一位都正确(Arb,{n} 位二进制)",
    ),
    ("{mark!} {method}: {found*}", "{mark} {method}:{found*}"),
    ("{n#} entry", "{n#} 个导数"),
    ("{n#} entries", "{n#} 个导数"),
    ("{n#} of {m#} entry", "{m#} 个导数中的 {n#} 个"),
    ("{n#} of {m#} entries", "{m#} 个导数中的 {n#} 个"),
    ("{n#} value", "{n#} 个值"),
    ("{n#} values", "{n#} 个值"),
    ("{what*} agree, {how*}", "{what*}一致,{how*}"),
    ("{what*} agrees, {how*}", "{what*}一致,{how*}"),
    ("{what*} agree up to rounding", "{what*}在舍入误差之内一致"),
    ("{what*} agrees up to rounding", "{what*}在舍入误差之内一致"),
    ("exact", "完全相同"),
    ("worst {n} ulp ({where})", "最大误差 {n} ulp({where})"),
    ("worst {n} ulp", "最大误差 {n} ulp"),
    ("proven", "已证明"),
    (
        "proven but for {what} ({why*}) and {n#} more",
        "除 {what}({why*})和另外 {n#} 个之外,均已证明",
    ),
    ("proven but for {what} ({why*})", "除 {what}({why*})之外,均已证明"),
    ("proven but for {what} and {n#} more", "除 {what} 和另外 {n#} 个之外,均已证明"),
    ("proven but for {what}", "除 {what} 之外,均已证明"),
    ("not proven ({why*})", "未证明({why*})"),
    ("not proven", "未证明"),
    ("not decided", "无法判定"),
    ("no check was asked for", "没有要求检验"),
    ("{n#} wrong", "{n#} 个错误"),
    ("{n#} more differs", "另有 {n#} 个不同"),
    ("{n#} more differ", "另有 {n#} 个不同"),
    ("{name} is {ours}, true value {true}", "{name} 是 {ours},真值是 {true}"),
    ("{name} is {ours}, but {who} jumps here", "{name} 是 {ours},但 {who} 在这里跳跃"),
    (
        "{name} is {ours}, but {who} has slope {left} on the left, {right} on the right",
        "{name} 是 {ours},但 {who} 左侧斜率是 {left},右侧是 {right}",
    ),
    ("but no digit is right in {what*}", "但没有一位是对的:{what*}"),
    ("but only 1 digit is right in {what*}", "但只有 1 位是对的:{what*}"),
    ("but only {n#} digits are right in {what*}", "但只有 {n#} 位是对的:{what*}"),
    (
        "{name} = {ours}, true value {true}, and {n#} more",
        "{name} = {ours},真值是 {true},另有 {n#} 个",
    ),
    ("{name} = {ours}, true value {true}", "{name} = {ours},真值是 {true}"),
    ("{name} = {x} stands for 0, and {n#} more do", "{name} = {x} 其实是 0,另有 {n#} 个也是"),
    ("{name} = {x} stands for 0", "{name} = {x} 其实是 0"),
    (
        "{name} overflows: the true value is {true}, and {n#} more",
        "{name} 上溢:真值是 {true},另有 {n#} 个",
    ),
    ("{name} overflows: the true value is {true}", "{name} 上溢:真值是 {true}"),
    (
        "{name} underflows: the true value is {true}, and {n#} more",
        "{name} 下溢:真值是 {true},另有 {n#} 个",
    ),
    ("{name} underflows: the true value is {true}", "{name} 下溢:真值是 {true}"),
    (
        "sensitive: rounding the point moves it by as much as our error",
        "敏感:把点舍入一下,结果的变化就与我们的误差相当",
    ),
    ("{what*} not checked ({why*})", "{what*}未检验({why*})"),
    ("not {method}: {why*}", "未用 {method}:{why*}"),
    # --- why ------------------------------------------------------------------------------------
    ("left | right slope {sides}, proven", "左 | 右斜率 {sides},已证明"),
    ("no real value", "没有实数值"),
    ("limit not evaluated", "未求极限"),
    ("too large a number", "数太大"),
    ("kink", "折点"),
    ("its sides differ", "两侧不同"),
    ("a limit, not proven", "极限,未证明"),
    ("no time", "时间不够"),
    ("no time for every entry", "时间不够,未逐个检验"),
    ("too large for limits", "太大,不求极限"),
    ("lost in cancellation", "在相消中丢失"),
    ("undefined nearby", "附近没有定义"),
    ("a condition changes here", "条件在这里改变"),
    ("nan in doubles", "双精度数算得 nan"),
    ("the vector is not finite", "向量不是有限的"),
    ("{methods&} disagree", "{methods&} 不一致"),
    ("{bits#} bits do not decide {what}", "{bits#} 位二进制不能判定 {what}"),
    ("{n#} digits do not decide {what}", "{n#} 位数字不能判定 {what}"),
    ("no enclosure of {what}", "没有 {what} 的区间包围"),
    (
        "python-flint is not installed: pip install python-flint",
        "没有安装 python-flint:pip install python-flint",
    ),
    ("sympy finds the formula undefined", "sympy 认为公式没有定义"),
    ("{language} has no {name}", "{language} 没有 {name}"),
    ("sympy left the derivative of {name} as it is", "sympy 没有算出 {name} 的导数"),
    ("sympy left {what} as it is", "sympy 没有算出 {what}"),
    ("{what*} by {method}", "{what*}由 {method} 检验"),
    ("sympy stopped with {what}", "sympy 因 {what} 停止"),
    ("sympy would take {n#} s or more", "sympy 要用 {n#} 秒以上"),
    ("the formula is too deep for sympy", "公式嵌套太深,sympy 算不了"),
    ("the formula is {n#} levels deep", "公式有 {n#} 层"),
    ("written out as a tree the formula has {n} nodes", "公式写成树有 {n} 个节点"),
    ("one evaluation at {n#} digits takes {s} s", "以 {n#} 位数字求一次值要 {s} 秒"),
    # --- kinks, limits, what is infinite --------------------------------------------------------
    (
        "{text} has a kink at {where&}: left | right slope {sides&}",
        "{text} 在 {where&} 处有折点:左 | 右斜率 {sides&}",
    ),
    ("{text} jumps at {where&} from {a} to {b}", "{text} 在 {where&} 处从 {a} 跳到 {b}"),
    ("{slopes&} used ({whose*})", "使用 {slopes&}({whose*})"),
    ("{slopes&} used", "使用 {slopes&}"),
    ("that of the branch taken", "所取分支的斜率"),
    ("{library}'s choice", "{library} 的选择"),
    ("{library} takes {slopes&}", "{library} 取 {slopes&}"),
    ("{libraries&} share a tie evenly", "{libraries&} 在相等时平分"),
    (
        "a condition holds at this very point and not around it: the slopes are limits of the "
        "branch around it (PyTorch's are those of the branch taken)",
        "条件只在这一点成立,周围不成立:斜率是周围分支的极限(PyTorch 取所选分支的斜率)",
    ),
    (
        "{name} is infinite at this point, and 1 more entry is infinite",
        "{name} 在这一点是无穷大,另有 1 个导数也是",
    ),
    (
        "{name} is infinite at this point, and {n#} more entries are infinite",
        "{name} 在这一点是无穷大,另有 {n#} 个导数也是",
    ),
    ("{name} is infinite at this point", "{name} 在这一点是无穷大"),
    ("{what&} is a limit, {where*}", "{what&} 是极限,{where*}"),
    ("{what&} are limits, {where*}", "{what&} 是极限,{where*}"),
    ("the same on both sides", "两侧相同"),
    ("from the left side alone", "只从左侧"),
    ("from the right side alone", "只从右侧"),
    ("from the points around", "取自周围的点"),
    ("the same along {n#} ways into the point", "沿 {n#} 条路趋近此点时相同"),
    (
        "the same along {n#} ways into the point on which there are values",
        "沿 {n#} 条有值的路趋近此点时相同",
    ),
    # --- errors ---------------------------------------------------------------------------------
    ("error: {what*}", "错误:{what*}"),
    ("note: {what*}", "注意:{what*}"),
    ("hint: {what*}", "提示:{what*}"),
    ("{name} is {x} at this point: no slope: {call}", "{name} 在这一点是 {x}:没有斜率:{call}"),
    ("{name} is {x} at this point: {cause}", "{name} 在这一点是 {x}:{cause}"),
    ("{name} is {x} at this point", "{name} 在这一点是 {x}"),
    ("{name} is {x} in doubles: {cause}", "{name} 用双精度数算得 {x}:{cause}"),
    ("{name} is {x} in doubles", "{name} 用双精度数算得 {x}"),
    ("it is {true}", "实际是 {true}"),
    ("digits are lost here, {n#} are left: {cause}", "这里丢失了有效数字,还剩 {n#} 位:{cause}"),
    ("--precise prints it", "--precise 会把它印出来"),
    ("--precise prints the true values", "--precise 印出真值"),
    ("--limits: {what*}", "--limits:{what*}"),
    ("at {where} the slope is {x}", "在 {where} 处斜率是 {x}"),
    ("at {where} it is {x}", "在 {where} 处它是 {x}"),
    ("at {where} {name} is {x}", "在 {where} 处 {name} 是 {x}"),
    # --- how the text was read ------------------------------------------------------------------
    ("{words} is read as one variable", "{words} 读作一个变量"),
    ("{words} are read as one variable each", "{words} 各读作一个变量"),
    ("write {how} if that is meant, and {n#} more", "如果意思是另外的,请写 {how},另有 {n#} 个"),
    ("write {how} if that is meant", "如果意思是另外的,请写 {how}"),
    ("the LaTeX is read as {text}", "LaTeX 读作 {text}"),
    ("{words} is read as {how}", "{words} 读作 {how}"),
    ("{words} are read as {how}, and {n#} more", "{words} 读作 {how},另有 {n#} 个"),
    ("{words} are read as {how}", "{words} 读作 {how}"),
    ("a number in powers of ten is {text}", "十的幂次写作 {text}"),
    (
        "line {n#} begins with {sign} and continues the one above",
        "第 {n#} 行以 {sign} 开头,接着上一行",
    ),
    (
        "line {n#} begins with {sign} and continues the one above, and so do {m#} more",
        "第 {n#} 行以 {sign} 开头,接着上一行,另有 {m#} 行也是",
    ),
    ("a ',' at the end of a line makes two expressions of them", "行末加 ',' 就是两个表达式"),
    (
        "{text} is skipped as a comment, and so are {n#} more",
        "{text} 作为注释略过,另有 {n#} 处也是",
    ),
    ("{text} is skipped as a comment", "{text} 作为注释略过"),
    (
        "{words} is a variable here, and no value by that name is known",
        "{words} 在这里是变量,没有叫这个名字的数值",
    ),
    (
        "{words} are variables here, and no value by that name is known",
        "{words} 在这里是变量,没有叫这些名字的数值",
    ),
    ("{text} are two expressions", "{text} 是两个表达式"),
    ("for a decimal number write {text}", "小数请写 {text}"),
    (
        "as in MATLAB, '*' is the product of matrices, '.*' of elements",
        "与 MATLAB 一样,'*' 是矩阵乘积,'.*' 是逐元素乘积",
    ),
    (
        "{name} does not occur in the expression (is it {other}?): {so*}",
        "表达式里没有 {name}(是不是 {other}?):{so*}",
    ),
    ("{name} does not occur in the expression: {so*}", "表达式里没有 {name}:{so*}"),
    ("its slopes are 0", "它的斜率是 0"),
    ("its value is not used", "它的值没有用到"),
    (
        "'{name}' looks like '{other}' and is another name: it has {letter}",
        "'{name}' 看起来像 '{other}',却是另一个名字:其中有 {letter}",
    ),
    # --- the last resort: two of them -----------------------------------------------------------
    ("{one*} and {two*}", "{one*}和 {two*}"),
    ("{one*}, {two*}", "{one*},{two*}"),
)
"""A place ``{name*}`` holds a sentence of the table itself, ``{name#}`` a whole number, ``{name&}``
a list that ends with "and", ``{name!}`` the mark of a verdict; what is in any other stays."""


class _Row(NamedTuple):
    pattern: re.Pattern[str]
    chinese: str


_INDENT, _SEMICOLON = "  ", "\uff1b"
_PLACE = re.compile(r"\{(\w+)([*#&!]?)\}")
_HOLDS = {"#": r"[\d,]+", "": ".+?", "&": ".+?", "*": ".+?", "!": "[✓✗≈?]"}


@cache
def _rows() -> tuple[_Row, ...]:
    return tuple(
        _Row(re.compile("".join(_as_pattern(english))), full_width(chinese))
        for english, chinese in SENTENCES
    )


def _as_pattern(english: str) -> Iterator[str]:
    end = 0
    for place in _PLACE.finditer(english):
        yield re.escape(english[end : place.start()])
        yield f"(?P<{place[1]}>{_HOLDS[place[2]]})"
        end = place.end()
    yield re.escape(english[end:])


@cache
def _sentence(text: str) -> str | None:
    """A sentence in Chinese, clause by clause; None where a clause, or one within it, stands in no
    row."""
    found = [_clause(clause) for clause in _clauses(text)]
    return None if None in found else _SEMICOLON.join(filter(None, found))


def _clauses(text: str) -> list[str]:
    """What semicolons divide, but for those in brackets."""
    ends, depth = [-2], 0
    for k, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if not depth and text.startswith("; ", k):
            ends.append(k)
    return [text[a + 2 : b] for a, b in pairwise([*ends, len(text)])]


def _clause(text: str) -> str | None:
    for pattern, chinese in _rows():
        found = pattern.fullmatch(text)
        if found is None:
            continue
        filled: dict[str, str] = {}
        for name, holds in _PLACE.findall(chinese):
            inner = found[name]
            if holds == "*":
                told = _sentence(inner)
                if told is None:
                    break
                inner = told
            filled[name] = inner.replace(" and ", " 和 ") if holds == "&" else inner
        else:
            return _filled(chinese, filled)
    return None


def _filled(text: str, words: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: words[place[1]], text)


def in_chinese(text: str) -> str:
    """Lines of the shell, each in Chinese as far as the table goes."""
    return "\n".join(map(_line, text.split("\n")))


def _line(line: str) -> str:
    told = line.lstrip()
    start = line[: len(line) - len(told)]
    if start == _INDENT:  # the reader's own text, or its caret
        return line
    return (
        start + _SEMICOLON.join(_clause(clause) or clause for clause in _clauses(told))
        if told
        else line
    )
