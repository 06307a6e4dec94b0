"""A network's table: what it must say, what it may, and what is said of its faults."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.networks.layers import BITS, DEFAULT_DENSITIES, layer_class
from imcmoo.networks.workload_csv import COLUMNS, name_fault
from imcmoo.networks.workloads import SHIPPED, Workload, WorkloadSet

SHORT = "name,C,M,P,Q\na,3,64,55,55\nb,64,10,1,1\n"


@pytest.fixture
def read(tmp_path):
    def read_text(text, encoding="utf-8"):
        path = tmp_path / "net.csv"
        path.write_bytes(text.encode(encoding))
        return Workload.read_csv(path)

    return read_text


def test_five_columns_are_enough(read):
    net = read(SHORT)
    assert net.shapes.tolist() == [[3, 64, 55, 55, 1, 1, 1, 1], [64, 10, 1, 1, 1, 1, 1, 1]]
    assert net.strides.tolist() == net.dilations.tolist() == [[1, 1], [1, 1]]
    assert net.dynamic == (False, False)
    assert net.input_bits[0].tolist() == list(DEFAULT_DENSITIES["convolution"][0])
    assert net.weight_bits[1].tolist() == list(DEFAULT_DENSITIES["linear"][1])
    assert net.input_statistics == net.weight_statistics == ("default", "default")
    assert WorkloadSet((net,)).weights.tolist() == [3 * 64 + 64 * 10]


def test_lines_on_top_a_byte_order_mark_and_windows_line_ends_are_read(read):
    text = f"#source=x.onnx\n# key = a=b \n{SHORT}"
    net = read(text.replace("\n", "\r\n"), "utf-8-sig")
    assert dict(net.provenance) == {"source": "x.onnx", "key": "a=b"}
    assert net.shapes.tolist() == read(SHORT).shapes.tolist()


def test_shared_and_dynamic_layers(read):
    rows = "a,4,5,1,1,0,\nb,4,5,1,1,,a\nc,6,7,1,1,1,\nd,6,7,1,1,false,\n"
    net = read(f"name,C,M,P,Q,dynamic,shared_with\n{rows}")
    assert net.dynamic == (False, False, True, False)
    assert net.shared_with == ("", "a", "", "")
    assert net.weights == 4 * 5 + 6 * 7
    assert net.weight_bits[2].tolist() == list(DEFAULT_DENSITIES["product"][1])


BITS_HEADER = ",".join(f"input_bit{i}" for i in range(BITS))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: no column name, C, M, P, Q"),
        ("name,C,M,P,Q\n", "no layers"),
        (SHORT.replace(",Q", ""), "line 1: no column Q"),
        ("name,C,M,P,Q,strid_h\na,1,1,1,1,1\n", "unknown column 'strid_h'; did you mean 'stri"),
        ("name,C,M,P,Q,Q\na,1,1,1,1,1\n", "line 1, column Q: given twice"),
        (SHORT.replace("55\n", "55,1\n"), "line 2: 6 cells for 5 columns"),
        (SHORT.replace("64,55", "-64,55"), "line 2, column M: '-64' is not a whole number"),
        (SHORT.replace("64,55", "²,55"), "line 2, column M: '²'"),
        (f"#a=b\n\n{SHORT}", "line 2: no column name, C, M, P, Q"),
        (f"#a\n{SHORT}", "line 1: '#a' is not #key=value"),
        (f"#a=b\n{SHORT.replace('10,', '0,')}", "line 4, column M: '0'"),
        ("name,C,M,P,Q,dynamic\na,1,1,1,1,maybe\n", "line 2, column dynamic: 'maybe'"),
        ("name,C,M,P,Q,shared_with\na,1,1,1,1,b\n", "column shared_with: 'b' is not an earlier"),
        ("name,C,M,P,Q,shared_with\na,1,1,1,1,a\n", "column shared_with: 'a' is not an earlier"),
        ("name,C,M,P,Q,input_bit0\na,1,1,1,1,0.5\n", "line 1: no column input_bit1, input_bit2"),
        (f"name,C,M,P,Q,{BITS_HEADER}\na,1,1,1,1{',0.5' * 7},nan\n", "column input_bit7: 'nan'"),
        (f"name,C,M,P,Q,{BITS_HEADER}\na,1,1,1,1,1.5{',0.5' * 7}\n", "column input_bit0: '1.5'"),
        (f"name,C,M,P,Q\na,{10**9},{10**9},{10**9},1\n", "line 2: more than 2^62"),
        (f"name,C,M,P,Q\na,{10**30},1,1,1\n", "line 2, column C"),
        *(
            (f"name,C,M,P,Q\n{sign}1+1,1,1,1,1\n", f"line 2, column name: '{sign}1+1' begins with")
            for sign in "=+-@"
        ),
    ],
)
def test_a_fault_says_where_and_what_is_allowed(read, text, message):
    with pytest.raises(ValueError, match=r"net\.csv") as caught:
        read(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_faults_are_named_at_once_and_hundreds_counted(read, tmp_path):
    with pytest.raises(ValueError, match="line 2") as caught:
        read("name,C,M,P,Q\na,0,1,1,1\nb,1,x,1,\n")
    for where in ("line 2, column C", "line 3, column M", "line 3, column Q"):
        assert where in str(caught.value)
    with pytest.raises(ValueError, match="and 90 more faults"):
        read("name,C,M,P,Q\n" + "a,0,1,1,1\n" * 100)
    (tmp_path / "net.csv").write_bytes(b"\xff\xfe\x00 name")
    with pytest.raises(ValueError, match="not text in UTF-8"):
        Workload.read_csv(tmp_path / "net.csv")


@pytest.mark.parametrize("unseen", ["\x1b[2J", "\u202e", "\x07", "\u200b", "\u2028", "b\tc"])
def test_a_cell_with_a_character_that_no_terminal_shows_is_refused(read, unseen):
    for text, column in (
        (f"name,C,M,P,Q\na{unseen}d,1,1,1,1\n", "name"),
        (f"name,kind,C,M,P,Q\na,a{unseen}d,1,1,1,1\n", "kind"),
    ):
        message = f"line 2, column {column}: .* has a character that no terminal shows"
        with pytest.raises(ValueError, match=message) as error:
            read(text)
        assert str(error.value).isprintable()


def test_a_fault_is_one_line_whatever_the_table_holds(read):
    for text in ("#a\u2028b\nname,C,M,P,Q\na,1,1,1,1\n", 'name,C,M,P,Q\na,"1\n2",1,1,1\n'):
        with pytest.raises(ValueError, match="is not") as error:
            read(text)
        assert str(error.value).isprintable()


def test_a_network_in_python_has_layers_whose_names_are_shown():
    net = Workload.load("resnet18")
    with pytest.raises(ValueError, match="has a character that no terminal shows"):
        replace(net, layers=("a\x1b", *net.layers[1:]))


names = st.text(st.characters(exclude_categories=["C"]), max_size=9).map(str.strip)
names = names.filter(lambda name: not name_fault(name))
numbers = st.lists(st.integers(1, 99), min_size=12, max_size=12)
densities = st.lists(st.floats(0, 1), min_size=16, max_size=16)
layers = st.lists(st.tuples(names, numbers, st.booleans(), densities), min_size=1, max_size=5)


CACHED = "name,C,M,P,Q,G,dynamic,cache,appended,reserved\n"


def test_a_cache_reads_back_as_it_was_written_and_changes_the_fingerprint(read, tmp_path):
    net = read(f"{CACHED}a,4,9,3,1,2,1,keys,1,12\nb,9,4,3,1,2,1,values,1,12\nc,4,4,1,1,1,0,,,\n")
    assert net.cache == ("keys", "values", "")
    assert net.appended.tolist() == [1, 1, 0]
    assert net.reserved.tolist() == [12, 12, 0]
    with (tmp_path / "net.csv").open("w", newline="") as stream:
        net.write_csv(stream)
    header = (tmp_path / "net.csv").read_text().splitlines()[0].split(",")
    after = header.index("shared_with") + 1
    assert header[after : after + 3] == ["cache", "appended", "reserved"]
    again = Workload.read_csv(tmp_path / "net.csv")
    for field in ("cache", "appended", "reserved"):
        assert list(getattr(again, field)) == list(getattr(net, field))
    fingerprints = {
        WorkloadSet((network,)).fingerprint
        for network in (net, replace(net, cache=()), replace(net, reserved=net.reserved * 2))
    }
    assert len(fingerprints) == 3
    assert WorkloadSet((again,)).fingerprint in fingerprints


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,4,9,3,1,2,1,key,1,12", "column cache: 'key' is neither keys nor values, nor empty"),
        ("a,4,9,3,1,2,0,keys,1,12", "column cache: a layer with a cache must have dynamic 1"),
        ("a,4,9,3,1,2,1,keys,,12", "column appended: '' is not a whole number of at least 1"),
        ("a,4,9,3,1,2,1,keys,1,-1", "column reserved: '-1' is not a whole number of at least 1"),
        ("a,4,9,3,1,2,1,keys,10,12", "appended 10, positions seen 9 and reserved 12: each must be"),
        ("a,4,9,3,1,2,1,values,1,3", "appended 1, positions seen 4 and reserved 3: each must be"),
        ("a,4,9,3,1,2,1,,1,", "column cache: positions, but no cache: state keys or values"),
    ],
)
def test_a_fault_of_a_cache_says_where_and_what_is_allowed(read, row, message):
    with pytest.raises(ValueError, match=r"net\.csv, line 2") as caught:
        read(f"{CACHED}{row}\n")
    assert message in str(caught.value)


def test_a_cache_without_its_positions_is_refused(read):
    with pytest.raises(ValueError, match="line 1: no column appended, reserved"):
        read("name,C,M,P,Q,dynamic,cache\na,4,9,3,1,1,keys\n")


@given(layers)
def test_any_network_reads_back_as_it_was_written(tmp_path_factory, rows):
    names, numbers, dynamic, bits = zip(*rows, strict=True)
    shapes, strides, dilations = np.split(np.array(numbers), [8, 10], axis=1)
    input_bits, weight_bits = np.split(np.array(bits), 2, axis=1)
    net = Workload(
        *("net", names, ("Conv",) * len(rows), shapes, strides, input_bits, weight_bits),
        dilations=dilations,
        dynamic=dynamic,
        provenance={"source": "somewhere"},
    )
    path = tmp_path_factory.mktemp("csv") / "net.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        net.write_csv(stream)
    assert path.read_text("utf-8").splitlines()[1].split(",") == list(COLUMNS)
    read = Workload.read_csv(path)
    for field in ("layers", "kinds", "dynamic", "shared_with", "provenance", "input_statistics"):
        assert getattr(read, field) == getattr(net, field)
    for field in ("shapes", "strides", "dilations", "input_bits", "weight_bits"):
        assert (getattr(read, field) == getattr(net, field)).all()


def test_defaults_are_the_means_of_the_shipped_networks_with_histograms():
    densities = {kind: [] for kind in DEFAULT_DENSITIES}
    for name in SHIPPED:
        if name == "resnet50":  # no histograms
            continue
        net = Workload.load(name)
        for i, kind in enumerate(net.kinds):
            of_kind = densities[layer_class(kind, net.shapes[i], dynamic=False)]
            of_kind.append([net.input_bits[i], net.weight_bits[i]])
    counts = {kind: len(rows) for kind, rows in densities.items()}
    assert counts == {"convolution": 302, "linear": 540, "product": 120}
    for kind, rows in densities.items():
        means = np.round(np.mean(rows, axis=0), 3).tolist()
        assert means == [list(d) for d in DEFAULT_DENSITIES[kind]]


def test_the_paper_s_tables_say_nothing_new():
    for name in SHIPPED:
        net = Workload.load(name)
        assert not any(net.dynamic)
        assert not any(net.shared_with)
        assert (net.dilations == 1).all()
        assert set(net.input_statistics) == set(net.weight_statistics) == {"given"}
        assert net.weights == net.shapes[:, [0, 1, 4, 5, 6]].prod(axis=1).sum()
