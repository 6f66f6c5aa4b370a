from dataclasses import dataclass
from os import PathLike
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._native import Adapter as Adapter
from ._native import Error as Error
from ._native import Figure as Figure
from ._native import Module as Module

__version__: str
__all__: list[str]

_Array = NDArray[np.float64]
_Path = Union[str, "PathLike[str]"]
_Adapter = Union[Adapter, _Path]
_Adapters = Union[_Adapter, Iterable[_Adapter]]
_Words = Union[str, Iterable[str], None]
_Layers = Union[int, Iterable[int], None]

def open(
    path: _Path,
    *,
    base: Optional[_Path] = ...,
    alpha: Optional[float] = ...,
    scaled: bool = ...,
    allow_unmapped: bool = ...,
    initial: Optional[_Path] = ...,
    rename: _Words = ...,
    whole: bool = ...,
) -> Adapter: ...
def adapter(
    factors: Mapping[str, tuple[ArrayLike, ArrayLike, float]], *, name: str = ...
) -> Adapter: ...
def from_peft(model: Any, adapter_name: str = ..., *, name: Optional[str] = ...) -> Adapter: ...

@dataclass(frozen=True)
class Overlap:
    values: _Array
    chance: _Array
    z: _Array
    dimension: int

class Overlaps(Mapping[str, Overlap]):
    @property
    def first(self) -> str: ...
    @property
    def second(self) -> str: ...
    @property
    def basis(self) -> str: ...
    def __getitem__(self, module: str) -> Overlap: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def to_pandas(self) -> Any: ...
    def to_polars(self) -> Any: ...
    def to_xarray(self) -> Any: ...

class Table(Mapping[str, NDArray[Any]]):
    name: str
    @property
    def shape(self) -> tuple[int, int]: ...
    def __getitem__(self, column: str) -> NDArray[Any]: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def to_csv(self) -> bytes: ...
    def to_pandas(self) -> Any: ...
    def to_polars(self) -> Any: ...
    def to_xarray(self) -> Any: ...

def overlap(
    a: _Adapter,
    b: _Adapter,
    *,
    basis: str = ...,
    base: Optional[_Path] = ...,
    modules: _Words = ...,
    layers: _Layers = ...,
    rank: Optional[int] = ...,
    seed: Optional[int] = ...,
    whole: bool = ...,
    strict: bool = ...,
    memory: Optional[int] = ...,
) -> Overlaps: ...
def amplification(
    adapters: _Adapters,
    base: _Path,
    *,
    draws: int = ...,
    directions: Optional[Sequence[str]] = ...,
    seed: int = ...,
    modules: _Words = ...,
    layers: _Layers = ...,
    rank: Optional[int] = ...,
    whole: bool = ...,
    strict: bool = ...,
    memory: Optional[int] = ...,
    cache: Optional[_Path] = ...,
) -> Table: ...
def spectrum(
    adapters: _Adapters,
    *,
    base: Optional[_Path] = ...,
    modules: _Words = ...,
    layers: _Layers = ...,
    rank: Optional[int] = ...,
    whole: bool = ...,
    strict: bool = ...,
    memory: Optional[int] = ...,
    cache: Optional[_Path] = ...,
) -> Table: ...
def ranks(
    adapters: _Adapters,
    *,
    base: Optional[_Path] = ...,
    modules: _Words = ...,
    layers: _Layers = ...,
    rank: Optional[int] = ...,
    whole: bool = ...,
    strict: bool = ...,
    memory: Optional[int] = ...,
    cache: Optional[_Path] = ...,
) -> Table: ...
def findings(
    adapters: _Adapters,
    *,
    base: Optional[_Path] = ...,
    draws: int = ...,
    seed: int = ...,
    modules: _Words = ...,
    layers: _Layers = ...,
    rank: Optional[int] = ...,
    whole: bool = ...,
    strict: bool = ...,
    memory: Optional[int] = ...,
    cache: Optional[_Path] = ...,
) -> Table: ...
def figure3(
    phi: Overlaps,
    layer: Optional[int] = ...,
    *,
    projections: _Words = ...,
    venue: str = ...,
    palette: str = ...,
    range: Optional[tuple[float, float]] = ...,
) -> Figure: ...
def figure4(
    phi: Overlaps,
    layer: Optional[int] = ...,
    *,
    projections: _Words = ...,
    venue: str = ...,
    palette: str = ...,
    range: Optional[tuple[float, float]] = ...,
) -> Figure: ...
def figure6(
    phi: Overlaps,
    layers: _Layers = ...,
    *,
    projections: _Words = ...,
    venue: str = ...,
    palette: str = ...,
    range: Optional[tuple[float, float]] = ...,
) -> Figure: ...
def figure7(
    phi: Overlaps,
    layers: _Layers = ...,
    *,
    projections: _Words = ...,
    venue: str = ...,
    palette: str = ...,
    range: Optional[tuple[float, float]] = ...,
) -> Figure: ...

@dataclass(frozen=True)
class Written:
    files: list[str]
    answers: list[str]
    summary: dict[str, Any]

class Study:
    def __init__(self, path: _Path) -> None: ...
    @property
    def path(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    def run(
        self,
        out: Optional[_Path] = ...,
        *,
        formats: Union[str, Sequence[str]] = ...,
        palette: str = ...,
        figures: bool = ...,
        report: bool = ...,
        basis: _Words = ...,
        modules: _Words = ...,
        layers: _Layers = ...,
        rank: Optional[int] = ...,
        draws: Optional[int] = ...,
        directions: Optional[Sequence[str]] = ...,
        seed: Optional[int] = ...,
        whole: bool = ...,
        strict: bool = ...,
        memory: Optional[int] = ...,
        cache: Optional[_Path] = ...,
    ) -> Written: ...
    def check(
        self,
        out: Optional[_Path] = ...,
        *,
        basis: _Words = ...,
        modules: _Words = ...,
        layers: _Layers = ...,
        rank: Optional[int] = ...,
        draws: Optional[int] = ...,
        directions: Optional[Sequence[str]] = ...,
        seed: Optional[int] = ...,
        whole: bool = ...,
        strict: bool = ...,
        memory: Optional[int] = ...,
    ) -> list[tuple[str, str]]: ...
