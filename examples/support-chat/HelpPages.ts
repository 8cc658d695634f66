/**
 * The shop's help pages, and a search over them by the words they share with the question.
 */

/** A page, with how well it answers: from 0 to 1. */
export interface Hit {
  readonly id: string
  readonly name: string
  readonly text: string
  readonly score: number
}

const pages = [
  {
    id: "tracking",
    name: "Where is my parcel?",
    text: "Every parcel has a number that starts with PX. With it we see where the parcel is and when it arrives."
  },
  {
    id: "late",
    name: "My parcel is late",
    text: "A parcel that is late by more than three days is searched for. We send a second one when it is not found."
  },
  {
    id: "damaged",
    name: "My parcel arrived broken",
    text: "Send a picture of what arrived broken within 14 days. You get a new one, or the money back."
  },
  {
    id: "neighbour",
    name: "Delivered to a neighbour",
    text: "The card in your letter box names the neighbour who has the parcel. Nobody knows of it? Tell us after a day."
  },
  {
    id: "address",
    name: "Change the address",
    text: "Until a parcel leaves the depot its address can be changed, once and for free."
  },
  {
    id: "returns",
    name: "Send something back",
    text: "You can send anything back within 30 days. Print the label, and leave the parcel at any shop of the carrier."
  }
]

// Words of up to three letters say nothing about the subject.
const words = (text: string): ReadonlySet<string> => new Set(text.toLowerCase().match(/[a-z]{4,}/g))

/** The two best pages for a question, the best first. */
export const search = (question: string): ReadonlyArray<Hit> => {
  const asked = words(question)
  return pages
    .map((page) => {
      const shared = words(`${page.name} ${page.text}`).intersection(asked).size
      return { ...page, score: asked.size === 0 ? 0 : Math.round(100 * shared / asked.size) / 100 }
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, 2)
}
