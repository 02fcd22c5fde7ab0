"""Four systems of the textbooks, their linear models derived by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mpmath import exp, mpf


@dataclass(frozen=True)
class System:
    """``hand`` gives A and B from the parameters and the point, in whatever numbers these are."""

    name: str
    equations: str
    states: str
    inputs: str
    at: dict[str, float]
    parameters: dict[str, float]
    hand: Any = field(repr=False)

    @property
    def words(self) -> list[str]:
        point = ",".join(f"{name}={value!r}" for name, value in self.at.items())
        fixed = [w for name, x in self.parameters.items() for w in ("--param", f"{name}={x!r}")]
        return [self.equations, "--states", self.states, "--inputs", self.inputs,
                "--at", point, *fixed]  # fmt: skip

    def matrices(self, number: Any = mpf) -> tuple[list[list[Any]], list[list[Any]]]:
        given = {name: number(x) for name, x in (self.at | self.parameters).items()}
        a, b = self.hand(**given)
        return a, b


def _pole(M: Any, m: Any, l: Any, g: Any, **_: Any) -> Any:  # noqa: E741
    a = [[0, 1, 0, 0], [0, 0, -m * g / M, 0], [0, 0, 0, 1], [0, 0, (M + m) * g / (M * l), 0]]
    return a, [[0], [1 / M], [0], [-1 / (M * l)]]


CART_POLE = System(
    "cart-pole",
    "x' = v; v' = (F + m*sin(th)*(l*w**2 - g*cos(th)))/(M + m*sin(th)**2); th' = w; "
    "w' = ((M+m)*g*sin(th) - F*cos(th) - m*l*w**2*cos(th)*sin(th))/(l*(M + m*sin(th)**2))",
    "x,v,th,w",
    "F",
    {"x": 0.0, "v": 0.0, "th": 0.0, "w": 0.0, "F": 0.0},
    {"M": 1.0, "m": 0.1, "l": 0.5, "g": 9.81},
    _pole,
)


def _hover(m: Any, g: Any, Ix: Any, Iy: Any, Iz: Any, **_: Any) -> Any:
    """States x y z vx vy vz phi theta psi p q r; inputs T tx ty tz."""
    a = [[0] * 12 for _ in range(12)]
    for k in range(3):
        a[k][3 + k] = 1
        a[6 + k][9 + k] = 1
    a[3][7], a[4][6] = g, -g
    b = [[0] * 4 for _ in range(12)]
    b[5][0] = 1 / m
    b[9][1], b[10][2], b[11][3] = 1 / Ix, 1 / Iy, 1 / Iz
    return a, b


QUADROTOR = System(
    "quadrotor hover",
    "dx/dt = vx; dy/dt = vy; dz/dt = vz; "
    "dvx/dt = T/m*(cos(phi)*sin(theta)*cos(psi) + sin(phi)*sin(psi)); "
    "dvy/dt = T/m*(cos(phi)*sin(theta)*sin(psi) - sin(phi)*cos(psi)); "
    "dvz/dt = T/m*cos(phi)*cos(theta) - g; "
    "dphi/dt = p + sin(phi)*tan(theta)*q + cos(phi)*tan(theta)*r; "
    "dtheta/dt = cos(phi)*q - sin(phi)*r; dpsi/dt = (sin(phi)*q + cos(phi)*r)/cos(theta); "
    "dp/dt = ((Iy-Iz)*q*r + tx)/Ix; dq/dt = ((Iz-Ix)*p*r + ty)/Iy; dr/dt = ((Ix-Iy)*p*q + tz)/Iz",
    "x,y,z,vx,vy,vz,phi,theta,psi,p,q,r",
    "T,tx,ty,tz",
    {**dict.fromkeys(["x", "y", "z", "vx", "vy", "vz", "phi", "theta", "psi", "p", "q", "r"], 0.0),
     "T": 0.5 * 9.81, "tx": 0.0, "ty": 0.0, "tz": 0.0},
    {"m": 0.5, "g": 9.81, "Ix": 0.0023, "Iy": 0.0029, "Iz": 0.004},
    _hover,
)  # fmt: skip


def _reactor(
    Ca: Any, T: Any, q: Any, V: Any, rho: Any, Cp: Any, dH: Any, E: Any, k0: Any, UA: Any, **_: Any
) -> Any:
    k = k0 * exp(-E / T)
    slope, heat = k * E / T**2 * Ca, dH / (rho * Cp)
    cooling = UA / (V * rho * Cp)
    a = [[-q / V - k, -slope], [heat * k, -q / V - cooling + heat * slope]]
    return a, [[0], [cooling]]


CSTR = System(
    "CSTR",
    "dCa/dt = q/V*(Caf - Ca) - k0*exp(-E/T)*Ca; "
    "dT/dt = q/V*(Tf - T) + dH/(rho*Cp)*k0*exp(-E/T)*Ca + UA/(V*rho*Cp)*(Tc - T)",
    "Ca,T",
    "Tc",
    {"Ca": 0.5, "T": 350.0, "Tc": 300.0},
    {"q": 100.0, "V": 100.0, "rho": 1000.0, "Cp": 0.239, "dH": 5e4, "E": 8750.0, "k0": 7.2e10,
     "UA": 5e4, "Caf": 1.0, "Tf": 350.0},
    _reactor,
)  # fmt: skip


def _motor(R: Any, L: Any, K: Any, J: Any, b: Any, **_: Any) -> Any:
    return [[-R / L, -K / L], [K / J, -b / J]], [[1 / L], [0]]


DC_MOTOR = System(
    "DC motor",
    "(V - R*i - K*w)/L, (K*i - b*w)/J",  # by order
    "i,w",
    "V",
    {"i": 0.0, "w": 0.0, "V": 0.0},
    {"R": 1.0, "L": 0.5, "K": 0.01, "J": 0.01, "b": 0.1},
    _motor,
)

SYSTEMS = [CART_POLE, QUADROTOR, CSTR, DC_MOTOR]
