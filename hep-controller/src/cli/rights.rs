//! The options that select the user tasks run as.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use hep_protocol::rights::{ActAs, Method};
use hep_protocol::value::Json;

/// The user tasks run as, unless manifest or inventory say.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = super::BECOME)]
pub(crate) struct Rights {
    /// Run tasks as another user: root, or that of `--become-user`.
    #[arg(id = "become", short = 'b', long = "become")]
    pub(crate) wanted: bool,
    /// The user to become; default: `root`.
    #[arg(id = "become_user", long = "become-user", value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// The program for that; default: `sudo`.
    #[arg(id = "become_method", long = "become-method", value_parser = methods(), value_name = "METHOD")]
    pub(crate) method: Option<Method>,
    /// Ask for the password of `sudo`, `doas` or `su`.
    #[arg(short = 'K', long)]
    pub(crate) ask_become_pass: bool,
    /// A local command that prints that password; run without a shell.
    #[arg(long, value_name = "COMMAND", hide_short_help = true)]
    pub(crate) become_password_command: Option<String>,
}

impl Rights {
    /// The user tasks run as.
    pub(crate) fn act_as(&self) -> ActAs {
        ActAs {
            wanted: self.wanted.then(|| Json(true.into())),
            user: self.user.as_ref().map(|user| Json(user.as_str().into())),
        }
    }
}

/// The programs that change the user, by name.
pub(super) fn methods() -> impl TypedValueParser<Value = Method> {
    let names = PossibleValuesParser::new(Method::ALL.map(|(name, _)| name));
    names.map(|name| Method::named(&name).unwrap_or_default())
}
