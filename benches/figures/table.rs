//! The one table: what was measured, beside what cannot be beaten, what is to hold, and a peer.

/// A row of the table.
pub struct Row {
    pub what: String,
    pub gloss: Figure,
    pub floor: Option<(Figure, Floor)>,
    pub hold: Hold,
    pub peer: Peer,
}

/// What the figure of a row stands beside.
#[derive(Clone, Copy)]
pub enum Floor {
    /// A server on the same framework that keeps texts in ropes, and nothing else.
    Bare,
    /// The same with a TLS client and a store.
    Client,
    /// An HTTP client alone.
    Http,
    /// Reading each file once.
    Read,
}

/// What a row has to hold.
#[derive(Clone, Copy)]
pub enum Hold {
    Nothing,
    /// As many times the floor at most.
    Ratio(f64),
    Most(f64),
    Least(f64),
}

/// What the peer was seen to do.
#[derive(Clone, Copy)]
pub enum Peer {
    /// It is not there.
    Absent,
    /// It has nothing of the kind.
    Cannot(&'static str),
    Figure(Figure),
}

#[derive(Clone, Copy)]
pub struct Figure {
    pub value: f64,
    pub unit: &'static str,
}

impl Figure {
    pub fn new(value: f64, unit: &'static str) -> Self {
        Self { value, unit }
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let places = match self.value.abs() {
            100.0.. => 0,
            10.0.. => 1,
            _ => 2,
        };
        write!(f, "{:.places$} {}", self.value, self.unit)
    }
}

impl Row {
    fn holds(&self) -> Option<bool> {
        let value = self.gloss.value;
        match (self.hold, &self.floor) {
            (Hold::Nothing, _) => None,
            (Hold::Ratio(most), Some((floor, _))) => Some(value / floor.value <= most),
            (Hold::Ratio(_), None) => None,
            (Hold::Most(most), _) => Some(value <= most),
            (Hold::Least(least), _) => Some(value >= least),
        }
    }

    fn hold(&self) -> String {
        let unit = self.gloss.unit;
        match self.hold {
            Hold::Nothing => String::new(),
            Hold::Ratio(most) => format!("{most} times"),
            Hold::Most(most) => format!("{most} {unit}"),
            Hold::Least(least) => format!("{least} {unit} or more"),
        }
    }
}

pub fn print(row: &Row) {
    let (floor, ratio) = match &row.floor {
        Some((floor, kind)) => (
            format!("{floor} {}", kind.mark()),
            format!("{:.2}", row.gloss.value / floor.value),
        ),
        None => (String::new(), String::new()),
    };
    let ok = match row.holds() {
        Some(true) => "ok",
        Some(false) => "OVER",
        None => "",
    };
    let peer = match row.peer {
        Peer::Absent => String::new(),
        Peer::Cannot(why) => why.to_owned(),
        Peer::Figure(figure) => figure.to_string(),
    };
    let line = format!(
        "{:<54} {:>9}  {floor:>12}  {ratio:>6}  {:<13} {ok:<4}  {peer}",
        row.what,
        row.gloss.to_string(),
        row.hold(),
    );
    println!("{}", line.trim_end());
}

/// When and where, and the names of the columns.
pub fn head(has_peer: bool) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "{}, {} {}, {cores} cores, of which others wanted {} as it began\n",
        jiff::Zoned::now().date(),
        std::env::consts::OS,
        std::env::consts::ARCH,
        load.split(' ').next().unwrap_or_default(),
    );
    println!(
        "{:<54} {:>9}  {:>12}  {:>6}  {:<13} {:<4}  {}",
        "what",
        "gloss",
        "floor",
        "ratio",
        "hold",
        "",
        if has_peer {
            "lsp-ai 0.7.0"
        } else {
            "lsp-ai: absent"
        }
    );
}

/// What the floors are, and how the peer is had.
pub fn legend(has_peer: bool) {
    println!(
        "\n\
         floors: b, a bare server on the same framework that keeps texts in ropes; c, the same with a TLS\n\
         client and a store; h, an HTTP client alone, its connection open; r, reading each file once.\n\
         A first answer comes by TLS; lsp-ai, which trusts no authority of a test's, gets it by plain http."
    );
    if !has_peer {
        println!(
            "lsp-ai is absent: `cargo install lsp-ai --version 0.7.0 --locked`, or name it by GLOSS_PEER"
        );
    }
}

impl Floor {
    fn mark(self) -> &'static str {
        match self {
            Self::Bare => "b",
            Self::Client => "c",
            Self::Http => "h",
            Self::Read => "r",
        }
    }
}
