//! Dependencies that must never exist: what each crate is kept free of, and why the architecture holds.

use std::collections::{BTreeMap, BTreeSet};

use crate::workspace::{Member, Workspace};

/// Crates without any effect: bytes and values in, bytes and values out. `purity` scans their source too.
pub(super) const PURE: &[&str] = &[
    "money",
    "ledger",
    "parameters",
    "risk",
    "clearing",
    "reports",
    "audit",
    "profile",
    "seal",
    "rfb",
    "identity",
    "view",
    "terminal",
];

/// What a pure crate must not reach, however indirectly.
const EFFECTS: &[&str] =
    &["tokio", "mio", "socket2", "async-std", "smol", "rusqlite", "reqwest", "hyper", "wasmtime"];

/// Crates of the server: no terminal may reach one.
const SERVER: &[&str] = &[
    "ledger",
    "parameters",
    "risk",
    "clearing",
    "reports",
    "accounts",
    "auth",
    "vm",
    "view",
    "platform",
    "thinpay",
    "wasmtime",
    "rusqlite",
    "axum",
];

/// Stores and engines of stores: the platform works on `accounts` and knows none of them.
const STORES: &[&str] = &["rusqlite", "libsqlite3-sys", "postgres", "tokio-postgres", "sqlx", "redb"];

/// Says what is wrong with the graph, a sentence for each edge.
pub(super) fn complaints(workspace: &Workspace) -> Vec<String> {
    let members = workspace.members();
    let ours: Vec<&str> = members.iter().map(|member| member.name).collect();
    let mut complaints = Vec::new();
    for member in &members {
        for rule in rules(workspace, member, &ours) {
            complaints.extend(broken(workspace, member, &rule));
        }
    }
    complaints
}

/// What one crate must not reach.
struct Rule {
    why: &'static str,
    forbidden: BTreeSet<String>,
    /// Only edges of the crate itself count, not those of what it depends on.
    direct_only: bool,
}

fn rules(workspace: &Workspace, member: &Member<'_>, ours: &[&str]) -> Vec<Rule> {
    let ours_but = |allowed: &[&str]| -> BTreeSet<String> {
        ours.iter().filter(|name| !allowed.contains(*name)).map(|name| (*name).to_owned()).collect()
    };
    let set = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let mut rules = Vec::new();
    if PURE.contains(&member.name) {
        rules.push(Rule { why: "a pure crate has no effects", forbidden: set(EFFECTS), direct_only: false });
    }
    match member.name {
        "money" | "profile" => rules.push(Rule {
            why: "it stands at the bottom of the graph",
            forbidden: ours_but(&[]),
            direct_only: false,
        }),
        "ledger" => rules.push(Rule {
            why: "the ledger knows amounts and nothing else of ours",
            forbidden: ours_but(&["money"]),
            direct_only: false,
        }),
        "app-sdk" => rules.push(Rule {
            why: "what apps are written against holds nothing of the platform",
            forbidden: ours_but(&["money"]),
            direct_only: false,
        }),
        "platform" => rules.push(Rule {
            why: "the platform knows no concrete store",
            forbidden: set(STORES),
            direct_only: true,
        }),
        name if name.starts_with("terminal") => rules.push(Rule {
            why: "a terminal holds no server code (R5)",
            forbidden: set(SERVER),
            direct_only: false,
        }),
        _ => {}
    }
    if member.folder.starts_with(workspace.root.join("apps")) {
        rules.push(Rule {
            why: "an app is written against app-sdk alone",
            forbidden: ours_but(&["app-sdk"]),
            direct_only: true,
        });
    }
    rules
}

/// The forbidden crates that are reached, each with the way that leads there.
fn broken(workspace: &Workspace, member: &Member<'_>, rule: &Rule) -> Vec<String> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut waiting = vec![member.id];
    let mut complaints = Vec::new();
    while let Some(id) = waiting.pop() {
        if rule.direct_only && id != member.id {
            continue;
        }
        for dependency in workspace.dependencies(id) {
            if dependency == member.id || came_from.contains_key(dependency) {
                continue;
            }
            came_from.insert(dependency, id);
            waiting.push(dependency);
            if rule.forbidden.contains(workspace.name_of(dependency)) {
                complaints.push(format!("{}: {}", way(workspace, &came_from, dependency), rule.why));
            }
        }
    }
    complaints
}

fn way(workspace: &Workspace, came_from: &BTreeMap<&str, &str>, end: &str) -> String {
    let mut names = vec![workspace.name_of(end)];
    let mut id = end;
    while let Some(from) = came_from.get(id) {
        names.push(workspace.name_of(from));
        id = from;
    }
    names.reverse();
    names.join(" -> ")
}
