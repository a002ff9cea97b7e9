//! Who takes the machine's time, and what is left out for it.

use serde::Serialize;

/// From this share on others are worth an event: half a core of two.
const CONTENDED: f32 = 0.25;
/// Below this one no longer.
const CALM: f32 = 0.1;

/// Shares of the time of all cores, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Shares {
    /// This program.
    pub own: f32,
    /// Other programs that want a core as much as this one does.
    pub neighbours: f32,
    /// Programs that stand back by themselves (a nice value above 0), and this program's own background.
    pub polite: f32,
    /// What a hypervisor gave to other machines though something wanted to run here ("steal").
    pub stolen: f32,
    /// Share of the time in which something that could run waited for a core, this program's own threads included (PSI,
    /// the last 10 s).
    pub pressure: f32,
    /// Share of the time in which this program's control group had used up its quota.
    pub throttled: f32,
}

impl Shares {
    /// What is taken by others, whoever they are.
    pub fn by_others(&self) -> f32 {
        (self.neighbours + self.stolen).max(self.throttled).min(1.0)
    }

    /// Whether others take so much that calls may feel it, where it `was` so before.
    pub fn is_contended(&self, was: bool) -> bool {
        self.by_others() >= if was { CALM } else { CONTENDED }
    }
}

impl std::fmt::Display for Shares {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = |share: f32| share * 100.0;
        write!(
            f,
            "of the cores' time this program took {:.0} %, other programs {:.0} % and {:.0} % that stand back, \
             the hypervisor {:.0} %",
            percent(self.own),
            percent(self.neighbours),
            percent(self.polite),
            percent(self.stolen)
        )?;
        if self.throttled > 0.0 {
            write!(f, ", its quota held it up {:.0} %", percent(self.throttled))?;
        }
        Ok(())
    }
}

/// What is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShedLevel {
    /// Nothing.
    Whole,
    /// Most partial transcripts.
    FewPartials,
    /// And speculative answers: those made before the caller's turn is over.
    NoSpeculation,
    /// And generated answers: an approved line is said in their place.
    ApprovedOnly,
}

impl ShedLevel {
    /// All, the mildest first.
    pub const ALL: [Self; 4] = [
        Self::Whole,
        Self::FewPartials,
        Self::NoSpeculation,
        Self::ApprovedOnly,
    ];

    /// Its number, from 0.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Its name in logs and events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::FewPartials => "few_partials",
            Self::NoSpeculation => "no_speculation",
            Self::ApprovedOnly => "approved_only",
        }
    }
}
