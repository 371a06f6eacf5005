// `skysieve topic credential`: a Kafka user of one topic, for clients of one's own.
import { sessionOf } from '../../connection/session.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import {
  CA_ABOUT,
  CA_OPTION,
  checkClientOptions,
  CLIENT_ABOUT,
  CLIENT_OPTION,
  type ClientOptions,
  credentialText,
  type FreshCredential,
  programOf,
  programsText,
  writeCa,
} from './client-programs.ts'
import { MIRROR_ABOUT, MIRROR_OPTION, topicNamed } from './topic-name.ts'

interface CredentialOptions extends ClientOptions {
  readonly user?: string
  readonly mirror?: string
}

export const addCredential: AddCommands = (topic, context) => {
  topic
    .command('credential <topic>')
    .description('make a Kafka user for a topic, for clients of your own; its password is shown once')
    .option('--user <name>', 'its name: your account’s, or that with a dash and more')
    .option(CLIENT_OPTION, `${CLIENT_ABOUT}; user and password then go to stderr`)
    .option(CA_OPTION, CA_ABOUT)
    .option(MIRROR_OPTION, MIRROR_ABOUT)
    .action(async (wanted: string, options: CredentialOptions, command) => {
      checkClientOptions(options)
      const { out, api } = sessionOf(command, context)
      const client = api()
      const { user, mirror } = options
      const { name, query } = await topicNamed(client, wanted, mirror, out)
      const path = `/v1/topics/${encodeURIComponent(name)}/credentials${query}`
      const made = await client.call<FreshCredential>('POST', path, user === undefined ? {} : { user })
      // First of all the password, which nobody can show again.
      if (options.client === undefined)
        out.result(made, () => `${credentialText(made)}\n${programsText(made.topic, mirror ?? null)}`)
      else {
        out.progress(credentialText(made))
        out.document(programOf(made.consumers, options), made)
      }
      if (options.ca !== undefined) out.progress(writeCa(context.directory, options.ca, made.ca))
    })
}
